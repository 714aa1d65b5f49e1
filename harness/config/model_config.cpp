#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "harness/config/cell.h"
#include "harness/config/json_reader.h"
#include "harness/config/model_keys.h"
#include "harness/config/model_override.h"

namespace moebench::config {

namespace {

// Far above any model, and low enough that products of dimensions stay within 64 bits.
constexpr std::int64_t kMaxDimension = 10'000'000;
constexpr double kMaxParameters = 1e14;

std::string model_name(const std::filesystem::path& path) {
  const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  if (whole.filename() == "config.json") return whole.parent_path().filename().string();
  return whole.stem().string();
}

std::int64_t dimension(const JsonObject& config, const char* key) {
  return config.at(key).integer(1, kMaxDimension);
}

std::int64_t dimension_or(const JsonObject& config, const char* key, std::int64_t absent) {
  return config.find(key) == nullptr ? absent : dimension(config, key);
}

// A key that is absent or null leaves `out` as it is.
void read_number(const JsonObject& config, const char* key, double& out) {
  if (const JsonValue* value = config.find(key)) out = value->number();
}

void read_positive(const JsonObject& config, const char* key, double& out) {
  read_number(config, key, out);
  if (out <= 0) config.at(key).fail("must be positive");
}

void read_other_than_0(const JsonObject& config, const char* key, double& out) {
  read_number(config, key, out);
  const JsonValue* value = config.find(key);
  if (value != nullptr && out == 0) value->fail("must not be 0");
}

void read_boolean(const JsonObject& config, const char* key, bool& out) {
  if (const JsonValue* value = config.find(key)) out = value->boolean();
}

ModelType read_model_type(const JsonObject& config) {
  const JsonValue& value = config.at("model_type");
  if (const auto type = find_named<ModelType>(value.text())) return *type;
  std::string known;
  for (const std::string& name : names<ModelType>()) {
    known += fmt::format("{}\"{}\"", known.empty() ? "" : " and ", name);
  }
  value.fail(
      fmt::format("unsupported model_type '{}'; this version reads {}", value.text(), known));
}

// What transformers assumes where the key is absent.
ModelConfig defaults_of(ModelType type) {
  ModelConfig model;
  model.type = type;
  model.num_experts = 8;
  model.top_k = 2;
  model.router_aux_loss_coef = 0.001;
  switch (type) {
    case ModelType::kMixtral:
      model.num_kv_heads = 8;
      model.max_position_embeddings = 131072;
      break;
    case ModelType::kGraniteMoe:
      model.max_position_embeddings = 2048;
      model.rope_theta = 1e4;
      model.rms_norm_eps = 1e-6;
      model.attention_multiplier = 1;
      break;
    case ModelType::kQwen3Moe:
    case ModelType::kQwen2Moe:
    case ModelType::kOlmoe:
    case ModelType::kGraniteMoeShared:
    case ModelType::kGlm4Moe:
    case ModelType::kDeepseekV2:
    case ModelType::kDeepseekV3:
    case ModelType::kGptOss:
      break;
  }
  return model;
}

// "swish" is silu's other name.
void check_activation(const JsonObject& config) {
  const JsonValue* act = config.find("hidden_act");
  if (act == nullptr || act->text() == "silu" || act->text() == "swish") return;
  act->fail(
      fmt::format("unsupported activation '{}'; this version computes \"silu\"", act->text()));
}

// Positions divided by 1 are the default ones.
bool is_unscaled(const JsonValue& type, const JsonObject& rope) {
  if (type.text() == "default") return true;
  const JsonValue* factor = rope.find("factor");
  return type.text() == "linear" && factor != nullptr && factor->is("1");
}

// Under rope_type "default" nothing but theta has a meaning; older files call it "type".
void check_default_rope(const JsonValue& source, const JsonObject& rope) {
  for (const char* key : {"rope_type", "type"}) {
    const JsonValue* type = rope.find(key);
    if (type == nullptr || is_unscaled(*type, rope)) continue;
    source.fail(
        fmt::format("unsupported {} '{}': scaled rotary embeddings are not computed; set it to "
                    "\"default\", or {} to null",
                    key, type->text(), source.key()));
  }
  for (const std::string& key : rope.keys()) {
    const bool is_known = key == "rope_type" || key == "type" || key == "rope_theta" ||
                          key == "original_max_position_embeddings";
    const JsonValue* value = rope.find(key);
    if (is_known || value == nullptr) continue;
    const bool is_factor = key == "factor" || key == "partial_rotary_factor";
    if (is_factor && value->is("1")) continue;
    value->fail("has no meaning with rope_type \"default\"; remove it");
  }
}

// rope_theta stands at the top, or in one of two objects, which newer versions prefer.
void read_rope(const JsonObject& config, ModelConfig& model) {
  read_positive(config, "rope_theta", model.rope_theta);
  const JsonValue* scaling = config.find("rope_scaling");
  const JsonValue* parameters = config.find("rope_parameters");
  if (scaling != nullptr && parameters != nullptr && scaling->json() != parameters->json()) {
    scaling->fail("rope_parameters says otherwise; remove one of the two");
  }
  for (const JsonValue* value : {scaling, parameters}) {
    if (value == nullptr) continue;
    const JsonObject rope = config.object(value->key());
    check_default_rope(*value, rope);
    read_positive(rope, "rope_theta", model.rope_theta);
  }
}

// transformers' Mixtral knows two names.
void read_num_experts(const JsonObject& config, ModelConfig& model) {
  const JsonValue* alias = model.type == ModelType::kMixtral ? config.find("num_experts") : nullptr;
  const JsonValue* own = config.find("num_local_experts");
  if (alias != nullptr && own != nullptr && alias->json() != own->json()) {
    alias->fail(fmt::format("num_local_experts is {}; remove one of the two", own->shown()));
  }
  model.num_experts = dimension_or(config, alias != nullptr ? "num_experts" : "num_local_experts",
                                   model.num_experts);
}

void read_heads(const JsonObject& config, ModelConfig& model) {
  model.num_heads = dimension(config, "num_attention_heads");
  const bool is_null = config.is_null("num_key_value_heads") || model.num_kv_heads == 0;
  model.num_kv_heads =
      dimension_or(config, "num_key_value_heads", is_null ? model.num_heads : model.num_kv_heads);
  model.head_dim = dimension_or(config, "head_dim", model.hidden_size / model.num_heads);
  if (model.head_dim == 0) {
    config.at("num_attention_heads")
        .fail(fmt::format("{} is more than hidden_size {}; set head_dim", model.num_heads,
                          model.hidden_size));
  }
}

void read_dimensions(const JsonObject& config, ModelConfig& model) {
  model.hidden_size = dimension(config, "hidden_size");
  model.intermediate_size = dimension(config, "intermediate_size");
  model.num_layers = dimension(config, "num_hidden_layers");
  read_num_experts(config, model);
  model.top_k = dimension_or(config, "num_experts_per_tok", model.top_k);
  read_heads(config, model);
  model.vocab_size = dimension(config, "vocab_size");
  model.max_position_embeddings =
      dimension_or(config, "max_position_embeddings", model.max_position_embeddings);
  model.sliding_window = dimension_or(config, "sliding_window", 0);
}

// At the key, or where it is absent at the file, whose reader takes the default for it.
[[noreturn]] void fail_at(const JsonObject& config, const char* key, const std::string& message) {
  if (const JsonValue* value = config.find(key)) value->fail(message);
  config.fail(fmt::format("key '{}', by default: {}", key, message));
}

void check_dimensions(const JsonObject& config, const ModelConfig& model) {
  if (model.top_k > model.num_experts) {
    fail_at(config, "num_experts_per_tok",
            fmt::format("{} is more than num_local_experts {}", model.top_k, model.num_experts));
  }
  if (model.num_heads % model.num_kv_heads != 0) {
    fail_at(config, "num_key_value_heads",
            fmt::format("{} does not divide num_attention_heads {}", model.num_kv_heads,
                        model.num_heads));
  }
  if (model.head_dim % 2 != 0) {
    fail_at(config, "head_dim",
            fmt::format("{} is odd; rotary embeddings need an even one", model.head_dim));
  }
  const double experts = 3.0 * static_cast<double>(model.hidden_size * model.intermediate_size) *
                         static_cast<double>(model.num_experts);
  const double heads = static_cast<double>(model.num_heads * model.head_dim);
  const double layers = static_cast<double>(model.num_layers);
  const double hidden = static_cast<double>(model.hidden_size);
  if (layers * (experts + 4 * hidden * heads) > kMaxParameters) {
    config.fail("the model has more than 1e14 parameters; check its dimensions");
  }
}

// What GraniteMoe alone multiplies with, of any sign.
void read_multipliers(const JsonObject& config, ModelConfig& model) {
  if (model.type != ModelType::kGraniteMoe) return;
  read_other_than_0(config, "attention_multiplier", model.attention_multiplier);
  read_number(config, "embedding_multiplier", model.embedding_multiplier);
  read_number(config, "residual_multiplier", model.residual_multiplier);
  read_other_than_0(config, "logits_scaling", model.logits_scaling);
}

// A negative id counts from the end of the table, as in PyTorch.
void read_pad_token(const JsonObject& config, ModelConfig& model) {
  const JsonValue* value = config.find("pad_token_id");
  if (!value) return;
  const std::int64_t id = value->integer(-model.vocab_size, model.vocab_size - 1);
  model.pad_token_id = id < 0 ? id + model.vocab_size : id;
}

void read_router_loss(const JsonObject& config, ModelConfig& model) {
  read_number(config, "router_aux_loss_coef", model.router_aux_loss_coef);
  if (model.router_aux_loss_coef < 0) {
    config.at("router_aux_loss_coef").fail("must not be negative");
  }
  read_boolean(config, "output_router_logits", model.output_router_logits);
}

}  // namespace

ModelConfig load_model_config(const std::filesystem::path& path) {
  return read_model_config(JsonObject::load_file(path), path);
}

ModelConfig read_model_config(const JsonObject& config, const std::filesystem::path& path) {
  ModelConfig model = defaults_of(read_model_type(config));
  check_model_keys(config, model.type);
  check_activation(config);
  model.name = model_name(path);
  read_dimensions(config, model);
  check_dimensions(config, model);
  read_rope(config, model);
  read_positive(config, "rms_norm_eps", model.rms_norm_eps);
  read_router_loss(config, model);
  read_positive(config, "initializer_range", model.initializer_range);
  read_boolean(config, "tie_word_embeddings", model.tie_word_embeddings);
  read_multipliers(config, model);
  read_pad_token(config, model);
  return model;
}

}  // namespace moebench::config
