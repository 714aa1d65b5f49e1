#include "harness/load/expert_request.h"

#include <fmt/core.h>

#include "harness/base/check.h"
#include "harness/base/names.h"

namespace moebench::load {
namespace {

enum class Matrix { kW1, kW2, kW3 };
constexpr auto names_of(Matrix) {
  return name_table<Matrix>({{Matrix::kW1, "w1"}, {Matrix::kW2, "w2"}, {Matrix::kW3, "w3"}});
}
using moebench::to_string;

// Says where the checkpoint has a matrix of expert `e`: in a tensor of its own, or in one of all
// experts.
Part expert_part(const config::ModelConfig& model, const std::string& prefix, std::int64_t e,
                 Matrix matrix) {
  const std::int64_t hidden = model.hidden_size, intermediate = model.intermediate_size;
  Part part;
  part.rows = matrix == Matrix::kW2 ? hidden : intermediate;
  part.cols = matrix == Matrix::kW2 ? intermediate : hidden;
  if (model.type == config::ModelType::kMixtral) {
    part.tensor = fmt::format("{}experts.{}.{}.weight", prefix, e, to_string(matrix));
    part.shape = {part.rows, part.cols};
  } else if (matrix == Matrix::kW2) {
    part.tensor = prefix + "output_linear.weight";
    part.shape = {model.num_experts, hidden, intermediate};
    part.begin = e * part.num_elements();
  } else {
    part.tensor = prefix + "input_linear.weight";
    part.shape = {model.num_experts, 2 * intermediate, hidden};
    part.begin = (2 * e + (matrix == Matrix::kW3 ? 1 : 0)) * part.num_elements();
  }
  return part;
}

Stack router_stack(const config::ModelConfig& model, const std::string& prefix) {
  const bool is_mixtral = model.type == config::ModelType::kMixtral;
  Stack stack{.name = "router", .parts = {}};
  stack.parts.push_back({.tensor = prefix + (is_mixtral ? "gate.weight" : "router.layer.weight"),
                         .shape = {model.num_experts, model.hidden_size},
                         .rows = model.num_experts,
                         .cols = model.hidden_size});
  stack.is_distributed = false;
  stack.keep_elements = stack.num_elements();
  return stack;
}

}  // namespace

Request expert_request(const config::ModelConfig& model, config::Dtype dtype,
                       partition::ExpertRange range) {
  MOEBENCH_CHECK(0 <= range.begin && range.end <= model.num_experts);
  Request request{.dtype = dtype, .groups = {}};
  for (std::int64_t layer = 0; layer < model.num_layers; ++layer) {
    const std::string prefix = fmt::format("model.layers.{}.block_sparse_moe.", layer);
    Group group{.name = fmt::format("layers.{}", layer), .stacks = {router_stack(model, prefix)}};
    for (const Matrix matrix : {Matrix::kW1, Matrix::kW2, Matrix::kW3}) {
      Stack stack{.name = to_string(matrix), .parts = {}};
      for (std::int64_t e = 0; e < model.num_experts; ++e) {
        stack.parts.push_back(expert_part(model, prefix, e, matrix));
      }
      stack.transposed = matrix == Matrix::kW2;
      const std::int64_t expert = stack.num_elements() / model.num_experts;
      stack.keep_begin = range.begin * expert;
      stack.keep_elements = range.size() * expert;
      group.stacks.push_back(std::move(stack));
    }
    request.groups.push_back(std::move(group));
  }
  return request;
}

}  // namespace moebench::load
