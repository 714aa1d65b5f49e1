#include <fmt/core.h>

#include "harness/config/cell.h"
#include "harness/config/yaml_reader.h"

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

std::vector<std::string> known_keys() {
  return {"model_type",          "hidden_size",         "intermediate_size",
          "num_hidden_layers",   "num_local_experts",   "num_experts_per_tok",
          "num_attention_heads", "num_key_value_heads", "head_dim",
          "vocab_size",          "rope_theta",          "max_position_embeddings",
          "rms_norm_eps",        "initializer_range",   "router_aux_loss_coef",
          "sliding_window",      "tie_word_embeddings", "rope_scaling",
          "hidden_act",          "attention_dropout",   "router_jitter_noise",
          "rope_parameters",     "attention_bias",      "attention_multiplier",
          "pad_token_id",        "logits_scaling",      "embedding_multiplier",
          "residual_multiplier"};
}

std::int64_t dimension(const YamlMapping& config, const char* key) {
  return config.at(key).integer(1, kMaxDimension);
}

void read_number(const YamlMapping& config, const char* key, bool zero_allowed, double& out) {
  const YamlValue* value = config.find_set(key);
  if (!value) return;
  out = value->number();
  if (out < 0 || (out == 0 && !zero_allowed)) value->fail("must be positive");
}

ModelType read_model_type(const YamlMapping& config) {
  const YamlValue& value = config.at("model_type");
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
  model.router_aux_loss_coef = 0.001;
  if (type == ModelType::kGraniteMoe) {
    model.rope_theta = 1e4;
    model.rms_norm_eps = 1e-6;
    model.attention_multiplier = 1;
  }
  return model;
}

// Features of the HF class that would change the numbers and that the engine does not have.
void reject_unsupported(const YamlMapping& config) {
  if (const YamlValue* act = config.find_set("hidden_act"); act && act->text() != "silu") {
    act->fail(
        fmt::format("unsupported activation '{}'; this version computes \"silu\"", act->text()));
  }
  for (const char* key : {"attention_dropout", "router_jitter_noise"}) {
    const YamlValue* value = config.find_set(key);
    if (value && value->number() != 0) value->fail("not supported; set it to 0");
  }
  if (const YamlValue* bias = config.find_set("attention_bias"); bias && bias->boolean()) {
    bias->fail("biases are not supported; set it to false");
  }
  if (const YamlValue* scaling = config.find_set("rope_scaling")) {
    scaling->fail("scaled rotary embeddings are not supported; set it to null");
  }
}

// HF writes rope_theta at the top, newer versions within rope_parameters.
void read_rope(const YamlMapping& config, ModelConfig& model) {
  read_number(config, "rope_theta", false, model.rope_theta);
  const YamlValue* parameters = config.find_set("rope_parameters");
  if (!parameters) return;
  const YamlMapping rope(*parameters, {"rope_theta", "rope_type"},
                         YamlMapping::UnknownKeys::kIgnore);
  if (const YamlValue* type = rope.find_set("rope_type"); type && type->text() != "default") {
    type->fail(
        fmt::format("unsupported rope_type '{}'; this version computes \"default\"", type->text()));
  }
  read_number(rope, "rope_theta", false, model.rope_theta);
}

void read_dimensions(const YamlMapping& config, ModelConfig& model) {
  model.hidden_size = dimension(config, "hidden_size");
  model.intermediate_size = dimension(config, "intermediate_size");
  model.num_layers = dimension(config, "num_hidden_layers");
  model.num_experts = dimension(config, "num_local_experts");
  model.top_k = dimension(config, "num_experts_per_tok");
  model.num_heads = dimension(config, "num_attention_heads");
  model.num_kv_heads = dimension(config, "num_key_value_heads");
  model.vocab_size = dimension(config, "vocab_size");
  model.max_position_embeddings = dimension(config, "max_position_embeddings");
  if (const YamlValue* value = config.find_set("sliding_window")) {
    model.sliding_window = value->integer(1, kMaxDimension);
  }
  if (config.find_set("head_dim")) {
    model.head_dim = dimension(config, "head_dim");
  } else if (model.hidden_size % model.num_heads == 0) {
    model.head_dim = model.hidden_size / model.num_heads;
  } else {
    config.at("num_attention_heads")
        .fail(fmt::format("{} does not divide hidden_size {}; set head_dim", model.num_heads,
                          model.hidden_size));
  }
}

void check_dimensions(const YamlMapping& config, const ModelConfig& model) {
  if (model.top_k > model.num_experts) {
    config.at("num_experts_per_tok")
        .fail(fmt::format("{} is more than num_local_experts {}", model.top_k, model.num_experts));
  }
  if (model.num_heads % model.num_kv_heads != 0) {
    config.at("num_key_value_heads")
        .fail(fmt::format("{} does not divide num_attention_heads {}", model.num_kv_heads,
                          model.num_heads));
  }
  if (model.head_dim % 2 != 0) {
    config.source().fail(
        fmt::format("head_dim {} is odd; rotary embeddings need an even one", model.head_dim));
  }
  const double experts = 3.0 * static_cast<double>(model.hidden_size * model.intermediate_size) *
                         static_cast<double>(model.num_experts);
  const double heads = static_cast<double>(model.num_heads * model.head_dim);
  const double layers = static_cast<double>(model.num_layers);
  const double hidden = static_cast<double>(model.hidden_size);
  if (layers * (experts + 4 * hidden * heads) > kMaxParameters) {
    config.source().fail("the model has more than 1e14 parameters; check its dimensions");
  }
}

// What GraniteMoe alone multiplies with; the other model's class does not read these keys.
void read_multipliers(const YamlMapping& config, ModelConfig& model) {
  if (model.type != ModelType::kGraniteMoe) return;
  read_number(config, "attention_multiplier", false, model.attention_multiplier);
  read_number(config, "embedding_multiplier", false, model.embedding_multiplier);
  read_number(config, "residual_multiplier", false, model.residual_multiplier);
  read_number(config, "logits_scaling", false, model.logits_scaling);
}

// A negative id counts from the end of the table, as in PyTorch.
void read_pad_token(const YamlMapping& config, ModelConfig& model) {
  const YamlValue* value = config.find_set("pad_token_id");
  if (!value) return;
  const std::int64_t id = value->integer(-model.vocab_size, model.vocab_size - 1);
  model.pad_token_id = id < 0 ? id + model.vocab_size : id;
}

}  // namespace

ModelConfig load_model_config(const std::filesystem::path& path) {
  const YamlMapping config(YamlValue::load_file(path), known_keys(),
                           YamlMapping::UnknownKeys::kIgnore);
  ModelConfig model = defaults_of(read_model_type(config));
  reject_unsupported(config);
  model.name = model_name(path);
  read_dimensions(config, model);
  check_dimensions(config, model);
  read_rope(config, model);
  read_number(config, "rms_norm_eps", false, model.rms_norm_eps);
  read_number(config, "router_aux_loss_coef", true, model.router_aux_loss_coef);
  read_number(config, "initializer_range", false, model.initializer_range);
  if (const YamlValue* tie = config.find_set("tie_word_embeddings")) {
    model.tie_word_embeddings = tie->boolean();
  }
  read_multipliers(config, model);
  read_pad_token(config, model);
  return model;
}

}  // namespace moebench::config
