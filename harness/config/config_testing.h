#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"

namespace moebench::config {

inline constexpr const char* kTinyModel = R"({
  "model_type": "mixtral", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
  "num_local_experts": 8, "num_experts_per_tok": 2, "num_attention_heads": 4,
  "num_key_value_heads": 2, "vocab_size": 256, "max_position_embeddings": 1024
})";

inline constexpr const char* kTinyGlm = R"({
  "model_type": "glm4_moe", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3,
  "moe_intermediate_size": 32, "n_routed_experts": 8, "num_experts_per_tok": 2, "num_attention_heads": 4,
  "num_key_value_heads": 2, "vocab_size": 256, "max_position_embeddings": 1024
})";

}  // namespace moebench::config
