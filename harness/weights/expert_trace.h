#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/weights/safetensors.h"

namespace moebench::weights {

// A trace of expert choices (`routing: trace(FILE)`): the tensor 'expert_ids' of a safetensors
// file, whole numbers [tokens, layers with experts, top_k]. Reads the header alone. Error names the
// file and what does not suit the model.
TensorInfo find_expert_ids(const std::string& path, const config::ModelConfig& model);

// All of it, in row-major order. Error also where a token names an expert that is none of the
// model's, or one twice.
std::vector<std::int64_t> read_expert_ids(const std::string& path,
                                          const config::ModelConfig& model);

}  // namespace moebench::weights
