#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/config/json_numbers.h"
#include "harness/config/model_keys.h"
#include "harness/config/model_parts.h"

namespace moebench::config {
namespace {

// transformers' classes know some numbers by two names.
void read_num_experts(const JsonObject& config, ModelConfig& model) {
  const ExpertKeys keys = expert_keys(model.type);
  const JsonValue* own = config.find(keys.num_experts);
  const JsonValue* alias = config.find(keys.alias);
  if (alias != nullptr && own != nullptr && alias->json() != own->json()) {
    alias->fail(fmt::format("{} is {}; remove one of the two", keys.num_experts, own->shown()));
  }
  model.num_experts =
      dimension_or(config, alias != nullptr ? keys.alias : keys.num_experts, model.num_experts);
}

// Layers before `first` are dense.
std::vector<std::int64_t> layers_before(std::int64_t first) {
  std::vector<std::int64_t> layers;
  for (std::int64_t l = 0; l < first; ++l) layers.push_back(l);
  return layers;
}

std::vector<std::int64_t> listed_layers(const JsonObject& config, const std::string& key,
                                        std::int64_t num_layers) {
  const JsonValue* value = config.find(key);
  if (value == nullptr) return {};
  if (!value->json().is_array())
    value->fail(fmt::format("expected a list, got {}", value->shown()));
  std::vector<std::int64_t> layers;
  for (const nlohmann::json& item : value->json()) {
    layers.push_back(JsonValue(value->place(), key, item).integer(0, num_layers - 1));
  }
  return layers;
}

// Every decoder_sparse_step-th layer has experts, but for those that mlp_only_layers lists.
std::vector<std::int64_t> qwen_dense_layers(const JsonObject& config, std::int64_t num_layers) {
  const std::int64_t step = dimension_or(config, "decoder_sparse_step", 1);
  const auto listed = listed_layers(config, "mlp_only_layers", num_layers);
  std::vector<std::int64_t> layers;
  for (std::int64_t l = 0; l < num_layers; ++l) {
    if ((l + 1) % step != 0 || std::ranges::count(listed, l) > 0) layers.push_back(l);
  }
  return layers;
}

std::int64_t default_first_sparse_layer(ModelType type) {
  if (type == ModelType::kGlm4Moe) return 1;
  return type == ModelType::kDeepseekV3 ? 3 : 0;
}

void read_dense_layers(const JsonObject& config, ModelConfig& model) {
  std::string key;
  switch (model.type) {
    case ModelType::kMixtral:
    case ModelType::kGraniteMoe:
    case ModelType::kGraniteMoeShared:
    case ModelType::kOlmoe:
    case ModelType::kGptOss:
      return;
    case ModelType::kQwen3Moe:
    case ModelType::kQwen2Moe:
      key = config.find("mlp_only_layers") != nullptr ? "mlp_only_layers" : "decoder_sparse_step";
      model.dense_layers = qwen_dense_layers(config, model.num_layers);
      break;
    case ModelType::kGlm4Moe:
    case ModelType::kDeepseekV2:
    case ModelType::kDeepseekV3: {
      key = "first_k_dense_replace";
      const std::int64_t first = count_or(config, key, default_first_sparse_layer(model.type));
      model.dense_layers = layers_before(std::min(first, model.num_layers));
      break;
    }
  }
  if (model.num_sparse_layers() == 0) {
    fail_at(config, key,
            fmt::format("leaves none of the {} layers with experts", model.num_layers));
  }
  if (!model.dense_layers.empty()) {
    model.dense_intermediate_size = dimension(config, "intermediate_size");
  }
}

std::int64_t default_shared_experts(ModelType type) {
  return type == ModelType::kDeepseekV2 ? 2 : 1;
}

void read_shared_experts(const JsonObject& config, ModelConfig& model) {
  switch (model.type) {
    case ModelType::kMixtral:
    case ModelType::kGraniteMoe:
    case ModelType::kQwen3Moe:
    case ModelType::kOlmoe:
    case ModelType::kGptOss:
      return;
    case ModelType::kGraniteMoeShared:
      model.shared_intermediate_size = count_or(config, "shared_intermediate_size", 0);
      return;
    case ModelType::kQwen2Moe:
      model.shared_intermediate_size =
          dimension_or(config, "shared_expert_intermediate_size", model.shared_intermediate_size);
      return;
    case ModelType::kGlm4Moe:
    case ModelType::kDeepseekV2:
    case ModelType::kDeepseekV3:
      model.shared_intermediate_size =
          model.intermediate_size *
          count_or(config, "n_shared_experts", default_shared_experts(model.type));
      return;
  }
}

// Another way to say which layers have experts, which these classes take no notice of.
void check_mlp_layer_types(const JsonObject& config, const ModelConfig& model) {
  const JsonValue* types = config.find("mlp_layer_types");
  if (types == nullptr || types->is("[]")) return;
  nlohmann::json own = nlohmann::json::array();
  for (std::int64_t l = 0; l < model.num_layers; ++l) {
    own.push_back(model.is_dense(l) ? "dense" : "sparse");
  }
  if (types->json() == own) return;
  types->fail(
      fmt::format("{} of the model's {} layers are dense by its other keys; let each "
                  "layer's entry be \"sparse\" or \"dense\" as they say, or remove this one",
                  model.dense_layers.size(), model.num_layers));
}

}  // namespace

void read_experts(const JsonObject& config, ModelConfig& model) {
  read_num_experts(config, model);
  model.intermediate_size = dimension(config, expert_keys(model.type).intermediate_size);
  read_dense_layers(config, model);
  read_shared_experts(config, model);
  check_mlp_layer_types(config, model);
  if (model.swiglu_limit == 0) return;
  read_positive(config, "swiglu_limit", model.swiglu_limit);
  read_number(config, "swiglu_alpha", model.swiglu_alpha);
}

}  // namespace moebench::config
