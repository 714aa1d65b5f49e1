#pragma once

namespace moebench::session {

// The config.json of a model that is planned and never trained.
inline constexpr const char* kToyModel = R"({"model_type": "mixtral", "hidden_size": 16,
"intermediate_size": 32, "num_hidden_layers": 2, "num_local_experts": 4, "num_experts_per_tok": 2,
"num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 256,
"max_position_embeddings": 64})";

}  // namespace moebench::session
