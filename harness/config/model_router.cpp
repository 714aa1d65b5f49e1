#include <fmt/core.h>

#include "harness/config/json_numbers.h"
#include "harness/config/model_keys.h"
#include "harness/config/model_parts.h"

namespace moebench::config {
namespace {

void read_top_k(const JsonObject& config, ModelConfig& model) {
  const char* key = "num_experts_per_tok";
  model.top_k = model.top_k == 0 ? dimension(config, key) : dimension_or(config, key, model.top_k);
  if (model.top_k > model.num_experts) {
    fail_at(config, key,
            fmt::format("{} is more than {} {}", model.top_k, expert_keys(model.type).num_experts,
                        model.num_experts));
  }
}

// DeepSeek-V2 says by topk_method whether there are groups at all.
bool has_groups(const JsonObject& config, ModelType type) {
  switch (type) {
    case ModelType::kMixtral:
    case ModelType::kGraniteMoe:
    case ModelType::kGraniteMoeShared:
    case ModelType::kQwen3Moe:
    case ModelType::kQwen2Moe:
    case ModelType::kOlmoe:
    case ModelType::kGptOss:
      return false;
    case ModelType::kGlm4Moe:
    case ModelType::kDeepseekV3:
      return true;
    case ModelType::kDeepseekV2:
      break;
  }
  const JsonValue* method = config.find("topk_method");
  if (method == nullptr || method->text() == "greedy") return false;
  if (method->text() == "group_limited_greedy") return true;
  method->fail(fmt::format("unknown method '{}'; use \"greedy\" or \"group_limited_greedy\"",
                           method->text()));
}

void check_groups(const JsonObject& config, const ModelConfig& model) {
  if (model.num_experts % model.num_expert_groups != 0) {
    fail_at(config, "n_group",
            fmt::format("{} does not divide the {} experts", model.num_expert_groups,
                        model.num_experts));
  }
  if (model.top_k_groups > model.num_expert_groups) {
    fail_at(config, "topk_group",
            fmt::format("{} is more than n_group {}", model.top_k_groups, model.num_expert_groups));
  }
  const std::int64_t group = model.num_experts / model.num_expert_groups;
  if (model.group_score == GroupScore::kBestTwo && group < 2) {
    fail_at(config, "n_group",
            fmt::format("{} groups have {} expert each, and a group is chosen by its best two",
                        model.num_expert_groups, group));
  }
  if (model.top_k > model.top_k_groups * group) {
    fail_at(config, "topk_group",
            fmt::format("{} groups of {} experts are too few for the {} of a token",
                        model.top_k_groups, group, model.top_k));
  }
}

void read_groups(const JsonObject& config, ModelConfig& model) {
  if (!has_groups(config, model.type)) return;
  model.num_expert_groups = dimension_or(config, "n_group", model.num_expert_groups);
  model.top_k_groups = dimension_or(config, "topk_group", model.top_k_groups);
  check_groups(config, model);
}

void read_weights(const JsonObject& config, ModelConfig& model) {
  switch (model.type) {
    case ModelType::kMixtral:
    case ModelType::kGraniteMoe:
    case ModelType::kGraniteMoeShared:
    case ModelType::kGptOss:
      return;
    case ModelType::kQwen3Moe:
    case ModelType::kQwen2Moe:
    case ModelType::kOlmoe:
      read_boolean(config, "norm_topk_prob", model.normalise_top_k);
      return;
    case ModelType::kDeepseekV2:  // whose router never divides, whatever norm_topk_prob says
      read_positive(config, "routed_scaling_factor", model.routed_scaling_factor);
      return;
    case ModelType::kGlm4Moe:
    case ModelType::kDeepseekV3:
      read_positive(config, "routed_scaling_factor", model.routed_scaling_factor);
      // transformers takes a null for false.
      if (config.is_null("norm_topk_prob")) model.normalise_top_k = false;
      read_boolean(config, "norm_topk_prob", model.normalise_top_k);
      return;
  }
}

void read_router_loss(const JsonObject& config, ModelConfig& model) {
  if (!has_router_loss(model.type)) return;
  read_number(config, "router_aux_loss_coef", model.router_aux_loss_coef);
  if (model.router_aux_loss_coef < 0) {
    config.at("router_aux_loss_coef").fail("must not be negative");
  }
  read_boolean(config, "output_router_logits", model.output_router_logits);
}

}  // namespace

void read_router(const JsonObject& config, ModelConfig& model) {
  read_top_k(config, model);
  read_groups(config, model);
  read_weights(config, model);
  read_router_loss(config, model);
}

}  // namespace moebench::config
