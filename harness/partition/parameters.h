#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::partition {

// A parameter under its Hugging Face name, e.g.
// "model.layers.0.block_sparse_moe.experts.3.w1.weight", shape [intermediate, hidden].
struct ParameterSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t num_elements() const;
};

// All parameters of a model: embedding, layers in order, final norm, and lm_head unless it is tied
// to the embedding. Mixtral has a tensor for each expert and projection, GraniteMoe two for all
// experts of a layer: input_linear [experts, 2 x intermediate, hidden], an expert's w1 above its
// w3, and output_linear [experts, hidden, intermediate], every w2.
std::vector<ParameterSpec> model_parameters(const config::ModelConfig& model);

// These return the parameters of one layer, and those of no layer.
std::vector<ParameterSpec> layer_parameters(const config::ModelConfig& model, std::int64_t layer);
std::vector<ParameterSpec> root_parameters(const config::ModelConfig& model);

}  // namespace moebench::partition
