// A shipped workflow file, loaded.
#pragma once
#include <string>

#include "support.h"

extern "C" {
#include "faasconf/workflow.h"
}

namespace fc_test {

class LoadedWorkflow {
 public:
  explicit LoadedWorkflow(const std::string &name) {
    fc_error_t error = {};
    EXPECT_EQ(FC_OK, fc_workflow_load(source_file("workflows/" + name + ".yaml").c_str(), &workflow_, &error))
        << error.message;
  }
  ~LoadedWorkflow() { fc_workflow_destroy(&workflow_); }
  LoadedWorkflow(const LoadedWorkflow &) = delete;
  LoadedWorkflow &operator=(const LoadedWorkflow &) = delete;
  const fc_workflow_t *get() const { return workflow_; }

 private:
  fc_workflow_t *workflow_ = nullptr;
};

}  // namespace fc_test
