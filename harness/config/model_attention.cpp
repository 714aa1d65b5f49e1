#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/config/json_numbers.h"
#include "harness/config/model_parts.h"

namespace moebench::config {
namespace {

void read_num_heads(const JsonObject& config, ModelConfig& model) {
  model.num_heads = dimension(config, "num_attention_heads");
  const char* key = "num_key_value_heads";
  const bool is_null = config.is_null(key) || model.num_kv_heads == 0;
  model.num_kv_heads = dimension_or(config, key, is_null ? model.num_heads : model.num_kv_heads);
  if (model.num_heads % model.num_kv_heads != 0) {
    fail_at(config, key,
            fmt::format("{} does not divide num_attention_heads {}", model.num_kv_heads,
                        model.num_heads));
  }
}

void check_even(const JsonObject& config, const char* key, std::int64_t size) {
  if (size % 2 == 0) return;
  fail_at(config, key, fmt::format("{} is odd; rotary embeddings need an even one", size));
}

void read_head_dim(const JsonObject& config, ModelConfig& model) {
  const std::int64_t even_share = model.hidden_size / model.num_heads;
  model.head_dim =
      dimension_or(config, "head_dim", model.head_dim > 0 ? model.head_dim : even_share);
  if (model.head_dim == 0) {
    config.at("num_attention_heads")
        .fail(fmt::format("{} is more than hidden_size {}; set head_dim", model.num_heads,
                          model.hidden_size));
  }
  check_even(config, "head_dim", model.head_dim);
  // Its norms have hidden_size weights, which the projections' outputs must have too.
  if (model.qk_norm == QkNorm::kAllHeads && model.num_heads * model.head_dim != model.hidden_size) {
    fail_at(config, "head_dim",
            fmt::format("{} of {} heads is not hidden_size {}, which norms of all heads need",
                        model.head_dim, model.num_heads, model.hidden_size));
  }
}

// transformers writes what it computed of the latent dimensions, and calls the rotated ones
// head_dim.
void check_written_dim(const JsonObject& config, const char* key, std::int64_t own) {
  const JsonValue* value = config.find(key);
  if (value == nullptr || value->integer(1, kMaxDimension) == own) return;
  value->fail(fmt::format("is {} by the latent dimensions; remove it", own));
}

void read_latent_dims(const JsonObject& config, ModelConfig& model) {
  // Without a latent vector of queries it is null, which is not the default.
  model.q_lora_rank =
      config.is_null("q_lora_rank") ? 0 : dimension_or(config, "q_lora_rank", model.q_lora_rank);
  model.kv_lora_rank = dimension_or(config, "kv_lora_rank", model.kv_lora_rank);
  model.qk_nope_head_dim = dimension_or(config, "qk_nope_head_dim", model.qk_nope_head_dim);
  model.qk_rope_head_dim = dimension_or(config, "qk_rope_head_dim", model.qk_rope_head_dim);
  model.v_head_dim = dimension_or(config, "v_head_dim", model.v_head_dim);
  model.head_dim = model.qk_nope_head_dim + model.qk_rope_head_dim;
  check_written_dim(config, "head_dim", model.qk_rope_head_dim);
  check_written_dim(config, "qk_head_dim", model.head_dim);
  check_even(config, "qk_rope_head_dim", model.qk_rope_head_dim);
  if (model.num_kv_heads != model.num_heads) {
    fail_at(config, "num_key_value_heads",
            fmt::format("{} is not num_attention_heads {}; each head of latent attention has keys "
                        "of its own",
                        model.num_kv_heads, model.num_heads));
  }
}

void read_biases(const JsonObject& config, ModelConfig& model) {
  const bool is_qwen2 = model.type == ModelType::kQwen2Moe;
  read_boolean(config, is_qwen2 ? "qkv_bias" : "attention_bias", model.qkv_bias);
  model.o_bias = model.qkv_bias && !is_qwen2 && model.type != ModelType::kGlm4Moe;
}

void read_qk_norm(const JsonObject& config, ModelConfig& model) {
  if (model.type != ModelType::kGlm4Moe) return;
  bool has_norm = false;
  read_boolean(config, "use_qk_norm", has_norm);
  if (has_norm) model.qk_norm = QkNorm::kPerHead;
}

bool uses_sliding_window(const JsonObject& config) {
  bool uses = false;
  read_boolean(config, "use_sliding_window", uses);
  return uses;
}

// True for each layer that the window holds for, where the file does not list them.
std::vector<bool> default_sliding_layers(const JsonObject& config, const ModelConfig& model) {
  std::vector<bool> slides(static_cast<std::size_t>(model.num_layers));
  const auto every_other_before = [&](std::int64_t end) {
    for (std::int64_t l = 0; l < std::min(end, model.num_layers); l += 2) {
      slides[static_cast<std::size_t>(l)] = true;
    }
  };
  switch (model.type) {
    case ModelType::kMixtral:
      slides.assign(slides.size(), config.find("sliding_window") != nullptr);
      break;
    case ModelType::kQwen3Moe:
      slides.assign(slides.size(),
                    uses_sliding_window(config) && !config.is_null("sliding_window"));
      break;
    case ModelType::kQwen2Moe:
      if (uses_sliding_window(config))
        every_other_before(count_or(config, "max_window_layers", 28));
      break;
    case ModelType::kGptOss:
      every_other_before(model.num_layers);
      break;
    case ModelType::kGraniteMoe:
    case ModelType::kGraniteMoeShared:
    case ModelType::kOlmoe:
    case ModelType::kGlm4Moe:
    case ModelType::kDeepseekV2:
    case ModelType::kDeepseekV3:
      break;
  }
  return slides;
}

std::vector<bool> listed_sliding_layers(const JsonValue& types, std::int64_t num_layers) {
  std::vector<bool> slides;
  if (types.json().is_array()) {
    for (const nlohmann::json& type : types.json()) {
      const bool is_sliding = type == "sliding_attention";
      if (!is_sliding && type != "full_attention") break;
      slides.push_back(is_sliding);
    }
  }
  if (std::ssize(slides) != num_layers || types.json().size() != slides.size()) {
    types.fail(
        fmt::format("is no list of \"full_attention\" and \"sliding_attention\", one for "
                    "each of the {} layers",
                    num_layers));
  }
  return slides;
}

// Only these classes read the list; in a file of another it may say what its other keys say.
void check_listed_layers(const JsonObject& config, ModelType type, const std::vector<bool>& listed,
                         const std::vector<bool>& own) {
  const JsonValue& types = config.at("layer_types");
  const bool reads_it = type == ModelType::kQwen2Moe || type == ModelType::kGptOss;
  if (!reads_it && listed != own) {
    types.fail(
        fmt::format("a {} model has {} layers with sliding windows by its other keys; list "
                    "those, or remove this one",
                    to_string(type), std::ranges::count(own, true)));
  }
  if (type == ModelType::kQwen2Moe && std::ranges::count(listed, true) > 0 &&
      !uses_sliding_window(config)) {
    types.fail("has sliding windows, and use_sliding_window is not true");
  }
}

void read_windows(const JsonObject& config, ModelConfig& model) {
  std::vector<bool> slides = default_sliding_layers(config, model);
  if (const JsonValue* types = config.find("layer_types")) {
    const std::vector<bool> listed = listed_sliding_layers(*types, model.num_layers);
    check_listed_layers(config, model.type, listed, slides);
    slides = listed;
  }
  if (std::ranges::count(slides, true) == 0) {
    model.sliding_window = 0;
    return;
  }
  constexpr std::int64_t kQwenWindow = 4096;
  const std::int64_t absent = model.sliding_window > 0 ? model.sliding_window : kQwenWindow;
  // A null is no window, which layers that slide cannot have.
  model.sliding_window = config.is_null("sliding_window")
                             ? dimension(config, "sliding_window")
                             : dimension_or(config, "sliding_window", absent);
  for (std::int64_t l = 0; l < model.num_layers; ++l) {
    if (!slides[static_cast<std::size_t>(l)]) model.full_attention_layers.push_back(l);
  }
}

}  // namespace

void read_attention(const JsonObject& config, ModelConfig& model) {
  read_num_heads(config, model);
  if (model.is_latent()) {
    read_latent_dims(config, model);
  } else {
    read_head_dim(config, model);
  }
  read_biases(config, model);
  read_qk_norm(config, model);
  read_windows(config, model);
}

}  // namespace moebench::config
