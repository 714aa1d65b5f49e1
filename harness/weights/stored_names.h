#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moebench::weights {

// Where a checkpoint may hold a parameter: in a tensor of its own, or as `begin` and the elements
// that follow of a larger one, of shape `shape`; a first dimension of `at_least` or more there.
struct StoredForm {
  std::string tensor;
  std::vector<std::int64_t> shape;
  std::int64_t begin = 0;
  std::int64_t at_least = 0;  // 0: the shape is exact

  bool fits(const std::vector<std::int64_t>& stored) const;
};

// The forms of a parameter of this name and shape, its own first. transformers 5 keeps the experts
// of a layer in memory as `mlp.experts.gate_up_proj` [experts, 2 x intermediate, hidden], an
// expert's gate above its up projection, and `mlp.experts.down_proj` [experts, hidden,
// intermediate]; files that were written from there without its conversion back have them so, and
// the router beside them under the name that it has there.
std::vector<StoredForm> stored_forms(const std::string& name,
                                     const std::vector<std::int64_t>& shape);

// The stack that an expert's own tensor is a part of: "...mlp.experts.gate_up_proj", its shape for
// `num_experts`, and where in it the tensor begins. An empty name where a tensor is no expert's
// own.
StoredForm expert_stack(const std::string& name, const std::vector<std::int64_t>& shape,
                        std::int64_t num_experts);

}  // namespace moebench::weights
