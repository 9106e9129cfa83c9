#include "policy_fixture.h"

#include <cmath>
#include <cstring>
#include <stdexcept>

extern "C" {
#include "faasconf/rng.h"
}

namespace fc_test {

fc_policy_manifest_t manifest_of(const Workflow &workflow, const char *kind, const char *variant,
                                 const std::vector<std::string> &features) {
  fc_policy_manifest_t m = {};
  std::strcpy(m.kind, kind);
  std::strcpy(m.variant, variant);
  std::strcpy(m.workflow, workflow->name);
  std::memcpy(m.workflow_digest, workflow->digest, FC_DIGEST_SIZE);
  m.n_functions = workflow->n_functions;
  m.n_features = static_cast<int32_t>(features.size());
  for (size_t i = 0; i < features.size(); ++i) {
    std::strcpy(m.features[i].name, features[i].c_str());
    m.features[i].scale = 1.0f;
  }
  m.heldout_r2 = NAN;
  m.heldout_error = NAN;
  return m;
}

PolicyBytes::PolicyBytes(fc_policy_manifest_t m, const Tensors &tensors) {
  std::vector<fc_tensor_t> views;
  for (const auto &[name, tensor] : tensors) {
    fc_tensor_t view = {};
    std::strcpy(view.name, name.c_str());
    view.n_dims = static_cast<int32_t>(tensor.shape.size());
    for (size_t d = 0; d < tensor.shape.size(); ++d) view.shape[d] = tensor.shape[d];
    view.data = tensor.data.data();
    views.push_back(view);
  }
  char *json = nullptr;
  uint8_t *bytes = nullptr;
  size_t json_size = 0, bytes_size = 0;
  fc_error_t error = {};
  if (fc_policy_encode(&m, views.data(), static_cast<int32_t>(views.size()), &json, &json_size, &bytes, &bytes_size,
                       &error) != FC_OK)
    throw std::runtime_error(error.message);
  manifest.assign(json, json_size);
  weights.assign(reinterpret_cast<const char *>(bytes), bytes_size);
  free(json);
  free(bytes);
}

Policy::Policy(const std::string &manifest, const std::string &weights) {
  fc_error_t error = {};
  status_ = fc_policy_from_bytes(manifest.data(), manifest.size(), reinterpret_cast<const uint8_t *>(weights.data()),
                                 weights.size(), &policy_, &error);
  sentence_ = error.message;
}

fc_status_t Policy::decide(const Workflow &workflow, const fc_observation_t *observation, std::vector<float> *action,
                           std::vector<float> *attention) const {
  std::vector<float> scratch(fc_policy_scratch_floats(policy_, workflow.get()), NAN);
  action->assign(workflow.n() * FC_KNOBS, NAN);
  if (attention != nullptr) attention->assign(static_cast<size_t>(workflow->neighbours.n_edges), NAN);
  return fc_policy_decide(policy_, workflow.get(), observation, scratch.data(), action->data(),
                          attention != nullptr ? attention->data() : nullptr);
}

Tensors attmf_tensors(int64_t n_features, int64_t n_attention, int64_t n_hidden, uint64_t seed, double width) {
  const int64_t o = n_features, d = n_attention, h = n_hidden;
  Tensors tensors = {{"actor.attention.query", {{o, d}, {}}},
                     {"actor.attention.key", {{o, d}, {}}},
                     {"actor.w1", {{2 * o, h}, {}}},
                     {"actor.b1", {{h}, {}}},
                     {"actor.norm1.scale", {{h}, {}}},
                     {"actor.norm1.shift", {{h}, {}}},
                     {"actor.w2", {{h, h}, {}}},
                     {"actor.b2", {{h}, {}}},
                     {"actor.norm2.scale", {{h}, {}}},
                     {"actor.norm2.shift", {{h}, {}}},
                     {"actor.w3", {{h, FC_KNOBS}, {}}},
                     {"actor.b3", {{FC_KNOBS}, {}}}};
  fc_rng_t rng;
  fc_rng_init(&rng, seed, 0);
  for (auto &[name, tensor] : tensors) {
    int64_t n = 1;
    for (const int64_t dim : tensor.shape) n *= dim;
    for (int64_t i = 0; i < n; ++i)
      tensor.data.push_back(static_cast<float>(width * (2.0 * fc_rng_uniform(&rng) - 1.0)));
  }
  return tensors;
}

}  // namespace fc_test
