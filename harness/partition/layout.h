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

// Parameters that lie one after the other in one flat buffer.
struct Layout {
  std::string name;
  std::vector<Slot> slots;
  std::int64_t num_elements = 0;
};

struct ExpertRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const { return end - begin; }
};

// Embedding, final norm, and lm_head unless it is tied to the embedding.
Layout root_layout(const config::ModelConfig& model);
// Norms, attention and router of a decoder layer.
Layout dense_layout(const config::ModelConfig& model, std::int64_t layer);
// Experts `range` of a layer, w1 and w3 of each expert together, then every w2: the stacks that
// the grouped kernel multiplies with.
Layout expert_layout(const config::ModelConfig& model, std::int64_t layer, ExpertRange range);
// `second` behind `first` in one buffer.
Layout concatenate(Layout first, const Layout& second);

}  // namespace moebench::partition
