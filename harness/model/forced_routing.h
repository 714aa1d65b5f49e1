#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::model {

// Rows of a micro-batch by their place in the endless order of rows that the data set fixes, which
// no rank count and no parallelism changes.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t length = 0;  // tokens of each row, padding included
};

// Expert choices that stand in for the router's. A choice depends on the cell's routing and seed,
// the layer, the row's place and the token's place in it: on nothing of the run. Layers are counted
// among those with experts (config::ModelConfig::sparse_index).
class ForcedRouting {
 public:
  virtual ~ForcedRouting() = default;

  // ids[(r x length + t) x top_k + j]: expert j of token t of row first + r. The experts of a token
  // are distinct.
  virtual void choose(const RowRange& rows, std::int64_t layer,
                      std::span<std::int32_t> ids) const = 0;
};

// Null for learned routing.
//   balanced: every expert gets the same number of a row's choices, or one more where they do not
//     come out even; rows that follow each other hand out the surplus in turn.
//   skewed(s): top_k draws without replacement, expert weights (r + 1)^-s, r the expert's place in
//     an order that is drawn for each layer.
//   trace(file): a safetensors file with one tensor `expert_ids`, whole numbers [tokens, layers
//     with experts, top_k]; token t of row r is the trace's token (r x seq_len + t) mod tokens.
// Error where a trace cannot be read or does not fit the model.
std::unique_ptr<ForcedRouting> make_forced_routing(const config::CellConfig& cell);

// Choices of each expert, [layers with experts x experts], that `rows` add to `counts`.
void count_choices(const ForcedRouting& routing, const config::ModelConfig& model,
                   const RowRange& rows, std::span<std::int64_t> counts);

}  // namespace moebench::model
