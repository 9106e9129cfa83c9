// Policies made in the test: a manifest, named tensors, and both as bytes.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "core_fixture.h"

extern "C" {
#include "faasconf/policy.h"
}

namespace fc_test {

struct Tensor {
  std::vector<int64_t> shape;
  std::vector<float> data;
};
using Tensors = std::vector<std::pair<std::string, Tensor>>;

// For `workflow`, of this kind and variant, with the features named, mean 0 and scale 1.
fc_policy_manifest_t manifest_of(const Workflow &workflow, const char *kind, const char *variant,
                                 const std::vector<std::string> &features);

// What fc_policy_encode makes of them; throws its sentence.
struct PolicyBytes {
  PolicyBytes(fc_policy_manifest_t manifest, const Tensors &tensors);
  std::string manifest, weights;
};

class Policy {
 public:
  explicit Policy(const PolicyBytes &bytes) : Policy(bytes.manifest, bytes.weights) {}
  Policy(const std::string &manifest, const std::string &weights);
  ~Policy() { fc_policy_destroy(&policy_); }
  Policy(const Policy &) = delete;
  Policy &operator=(const Policy &) = delete;
  const fc_policy_t *get() const { return policy_; }  // NULL when it was refused
  fc_status_t status() const { return status_; }
  const std::string &sentence() const { return sentence_; }
  // fc_policy_decide with scratch of exactly the size asked for; action (N, A), attention (E).
  fc_status_t decide(const Workflow &workflow, const fc_observation_t *observation, std::vector<float> *action,
                     std::vector<float> *attention = nullptr) const;

 private:
  fc_policy_t *policy_ = nullptr;
  fc_status_t status_;
  std::string sentence_;
};

// All tensors of kind attmf, O features, D attention, H hidden, drawn uniformly from [-width, width): the same bits on
// every machine.
Tensors attmf_tensors(int64_t n_features, int64_t n_attention, int64_t n_hidden, uint64_t seed, double width = 0.5);

}  // namespace fc_test
