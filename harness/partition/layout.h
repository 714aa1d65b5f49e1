#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/partition/parameters.h"

namespace moebench::partition {

// The place in a flat buffer, in elements, of a parameter or of a part of it: elements
// [parameter_begin, parameter_begin + num_elements) in row-major order, whole rows of its first
// dimension. (Under ep a rank holds its own experts' part of a stack of all.)
struct Slot {
  ParameterSpec parameter;
  std::int64_t offset = 0;
  std::int64_t parameter_begin = 0;
  std::int64_t num_elements = 0;

  // The parameter's, with the first dimension cut to what the slot holds.
  std::vector<std::int64_t> shape() const;
};

// Parameters that lie one after the other in one flat buffer, those that are not trained last.
struct Layout {
  std::string name;
  std::vector<Slot> slots;
  std::int64_t num_elements = 0;

  // Elements of those that are trained.
  std::int64_t num_trained() const;
};

struct ExpertRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const { return end - begin; }
};

// Embedding, final norm, and lm_head unless it is tied to the embedding.
Layout root_layout(const config::ModelConfig& model);
// What is trained of a decoder layer beside its experts: norms, attention, and router and shared
// experts, or the MLP of a dense layer. What is multiplied with in one product lies together:
// queries, keys and values; gate and up projection; their biases.
Layout dense_layout(const config::ModelConfig& model, std::int64_t layer);
// Experts `range` of a layer: the stacks that the grouped kernel multiplies with. Gate and up
// projection of each expert together, then every down projection, then biases. Empty for a dense
// layer.
Layout expert_layout(const config::ModelConfig& model, std::int64_t layer, ExpertRange range);
// What no gradient trains: the correction of the router's choices, where there is one.
Layout frozen_layout(const config::ModelConfig& model, std::int64_t layer);
// `second` behind `first` in one buffer, under the name of the first.
Layout concatenate(Layout first, const Layout& second);

}  // namespace moebench::partition
