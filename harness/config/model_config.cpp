#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "harness/config/cell.h"
#include "harness/config/json_numbers.h"
#include "harness/config/json_reader.h"
#include "harness/config/model_keys.h"
#include "harness/config/model_override.h"
#include "harness/config/model_parts.h"

namespace moebench::config {

namespace {

constexpr double kMaxParameters = 1e14;

std::string model_name(const std::filesystem::path& path) {
  const std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  if (whole.filename() == "config.json") return whole.parent_path().filename().string();
  return whole.stem().string();
}

ModelType read_model_type(const JsonObject& config) {
  const JsonValue& value = config.at("model_type");
  if (const auto type = find_named<ModelType>(value.text())) return *type;
  std::string known;
  for (const std::string& name : names<ModelType>()) {
    known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", name);
  }
  value.fail(
      fmt::format("unsupported model_type '{}'; this version reads {}", value.text(), known));
}

// "swish" is silu's other name.
void check_activation(const JsonObject& config) {
  const JsonValue* act = config.find("hidden_act");
  if (act == nullptr || act->text() == "silu" || act->text() == "swish") return;
  act->fail(
      fmt::format("unsupported activation '{}'; this version computes \"silu\"", act->text()));
}

void read_dimensions(const JsonObject& config, ModelConfig& model) {
  model.hidden_size = dimension(config, "hidden_size");
  model.num_layers = dimension(config, "num_hidden_layers");
  model.vocab_size = dimension(config, "vocab_size");
  model.max_position_embeddings =
      dimension_or(config, "max_position_embeddings", model.max_position_embeddings);
}

// In floating point, since what is checked is whether integers hold it. Latent ranks and value
// dimensions count as full projections of their own.
void check_size(const JsonObject& config, const ModelConfig& model) {
  const auto number = [](std::int64_t value) { return static_cast<double>(value); };
  const double heads = number(model.num_heads);
  const double latent = number(model.q_lora_rank) + number(model.kv_lora_rank);
  const double attention = 4 * heads * (number(model.head_dim) + number(model.v_head_dim));
  const double experts = number(model.intermediate_size) * number(model.num_experts) +
                         number(model.shared_intermediate_size) +
                         number(model.dense_intermediate_size);
  const double layer =
      (attention + latent + 3 * experts) * number(model.hidden_size) + attention * latent;
  if (number(model.num_layers) * layer <= kMaxParameters) return;
  config.fail("the model has more than 1e14 parameters; check its dimensions");
}

// What Granite alone multiplies with, of any sign.
void read_multipliers(const JsonObject& config, ModelConfig& model) {
  if (model.type != ModelType::kGraniteMoe && model.type != ModelType::kGraniteMoeShared) return;
  read_other_than_0(config, "attention_multiplier", model.attention_multiplier);
  read_number(config, "embedding_multiplier", model.embedding_multiplier);
  read_number(config, "residual_multiplier", model.residual_multiplier);
  read_other_than_0(config, "logits_scaling", model.logits_scaling);
}

// A negative id counts from the end of the table, as in PyTorch. A null is no such token, also
// where the type has one by default.
void read_pad_token(const JsonObject& config, ModelConfig& model) {
  if (config.is_null("pad_token_id")) model.pad_token_id = -1;
  const JsonValue* value = config.find("pad_token_id");
  if (!value) return;
  const std::int64_t id = value->integer(-model.vocab_size, model.vocab_size - 1);
  model.pad_token_id = id < 0 ? id + model.vocab_size : id;
}

}  // namespace

ModelConfig load_model_config(const std::filesystem::path& path) {
  return read_model_config(JsonObject::load_file(path), path);
}

ModelConfig read_model_config(const JsonObject& config, const std::filesystem::path& path) {
  ModelConfig model = model_defaults(read_model_type(config));
  check_model_keys(config, model.type);
  check_activation(config);
  model.name = model_name(path);
  read_dimensions(config, model);
  read_experts(config, model);
  read_router(config, model);
  read_attention(config, model);
  check_size(config, model);
  read_rope(config, model);
  read_positive(config, "rms_norm_eps", model.rms_norm_eps);
  read_positive(config, "initializer_range", model.initializer_range);
  read_boolean(config, "tie_word_embeddings", model.tie_word_embeddings);
  read_multipliers(config, model);
  read_pad_token(config, model);
  model.quantised = quantisation_of(config);
  return model;
}

}  // namespace moebench::config
