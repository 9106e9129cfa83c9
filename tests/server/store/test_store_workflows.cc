// Workflow files in the store: by content, the newest of a name in use.
#include <cstring>

#include "rows.h"

namespace {

using fc_test::Store;
using fc_test::Workflow;

class StoreWorkflows : public ::testing::Test {
 protected:
  bool put(const Workflow &workflow) {
    bool created = false;
    EXPECT_OK(store_put_workflow(store, workflow, workflow.text().data(), workflow.text().size(), &created, &error));
    return created;
  }
  // The content in use under this name is that of `expected`.
  bool is_in_use(const char *name, const Workflow &expected) {
    fc_workflow_t *found = nullptr;
    EXPECT_OK(store_get_workflow(store, name, &found, &error));
    const bool same = found != nullptr && std::memcmp(found->digest, expected->digest, FC_DIGEST_SIZE) == 0;
    fc_workflow_destroy(&found);
    return same;
  }

  fc_test::TemporaryFolder folder;
  Store store{folder.path("s")};
  const Workflow chain{fc_test::kChain};
  const Workflow slower{fc_test::with(fc_test::kChain, "latency_mean_s: 13", "latency_mean_s: 20")};
  fc_error_t error = {};
};

TEST_F(StoreWorkflows, AFileIsKeptOncePerContent) {
  EXPECT_TRUE(put(chain));
  EXPECT_FALSE(put(chain));
  EXPECT_TRUE(is_in_use("chain", chain));
  EXPECT_TRUE(put(slower));
}

TEST_F(StoreWorkflows, TheNewestFileOfANameIsInUse) {
  put(chain);
  put(slower);
  EXPECT_TRUE(is_in_use("chain", slower));
  put(Workflow(fc_test::kPair));
  EXPECT_TRUE(is_in_use("chain", slower));
}

TEST_F(StoreWorkflows, RegisteringAnOldFileAgainBringsItBackIntoUse) {
  put(chain);
  put(slower);
  EXPECT_FALSE(put(chain));
  EXPECT_TRUE(is_in_use("chain", chain));
  EXPECT_FALSE(put(slower));
  EXPECT_TRUE(is_in_use("chain", slower));
  store.close();
  const Store again(folder.path("s"));
  fc_workflow_t *found = nullptr;
  ASSERT_OK(store_get_workflow(again, "chain", &found, &error));
  EXPECT_EQ(0, std::memcmp(found->digest, slower->digest, FC_DIGEST_SIZE));
  fc_workflow_destroy(&found);
}

TEST_F(StoreWorkflows, AnUnknownNameIsNotFound) {
  fc_workflow_t *found = nullptr;
  EXPECT_EQ(FC_ENOTFOUND, store_get_workflow(store, "nobody", &found, &error));
  EXPECT_EQ(nullptr, found);
  EXPECT_THAT(error.message, ::testing::HasSubstr("nobody"));
}

TEST_F(StoreWorkflows, NamesAreListedOnceInOrder) {
  char(*names)[FC_NAME_SIZE] = nullptr;
  int32_t n = -1;
  ASSERT_OK(store_list_workflows(store, &names, &n, &error));
  EXPECT_EQ(0, n);
  std::free(names);
  std::vector<std::string> expected = {"chain", "pair"};
  put(Workflow(fc_test::kPair));
  put(chain);
  put(slower);
  for (char c = 'a'; c <= 'k'; ++c) {
    const std::string name = std::string("other-") + c;
    put(Workflow(fc_test::with(fc_test::kPair, "workflow: pair", "workflow: " + name)));
    expected.push_back(name);
  }
  std::sort(expected.begin(), expected.end());
  ASSERT_OK(store_list_workflows(store, &names, &n, &error));
  std::vector<std::string> listed;
  for (int32_t i = 0; i < n; ++i) listed.push_back(names[i]);
  std::free(names);
  EXPECT_EQ(expected, listed);
}

}  // namespace
