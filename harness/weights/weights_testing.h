#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/testing/error_of.h"
#include "harness/testing/models.h"
#include "harness/testing/test_folder.h"
#include "harness/weights/parameters.h"

namespace moebench::weights {

// mini_model() as a Hugging Face config.json.
inline constexpr const char* kMiniConfig = R"({
  "model_type": "mixtral",
  "hidden_size": 12,
  "intermediate_size": 20,
  "num_hidden_layers": 2,
  "num_local_experts": 3,
  "num_experts_per_tok": 2,
  "num_attention_heads": 4,
  "num_key_value_heads": 2,
  "head_dim": 4,
  "vocab_size": 32,
  "max_position_embeddings": 64,
  "rope_theta": 1000000.0,
  "rms_norm_eps": 1e-05,
  "initializer_range": 0.02,
  "router_aux_loss_coef": 0.02,
  "tie_word_embeddings": false
}
)";

inline std::vector<float> read_all(const ParameterSource& source, const ParameterSpec& parameter) {
  std::vector<float> values(static_cast<std::size_t>(parameter.num_elements()));
  source.read(parameter, 0, values);
  return values;
}

// Names of the entries of a folder, sorted.
inline std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace moebench::weights
