#include "harness/partition/parameters.h"

#include <fmt/core.h>

#include <functional>
#include <numeric>

namespace moebench::partition {
namespace {

void add_attention(const config::ModelConfig& model, const std::string& layer,
                   std::vector<ParameterSpec>& parameters) {
  const std::int64_t hidden = model.hidden_size;
  const std::int64_t q_rows = model.num_heads * model.head_dim;
  const std::int64_t kv_rows = model.num_kv_heads * model.head_dim;
  parameters.push_back({layer + "self_attn.q_proj.weight", {q_rows, hidden}});
  parameters.push_back({layer + "self_attn.k_proj.weight", {kv_rows, hidden}});
  parameters.push_back({layer + "self_attn.v_proj.weight", {kv_rows, hidden}});
  parameters.push_back({layer + "self_attn.o_proj.weight", {hidden, q_rows}});
}

void add_experts(const config::ModelConfig& model, const std::string& layer,
                 std::vector<ParameterSpec>& parameters) {
  const std::int64_t hidden = model.hidden_size;
  const std::int64_t intermediate = model.intermediate_size;
  const std::string moe = layer + "block_sparse_moe.";
  if (model.type == config::ModelType::kGraniteMoe) {
    const std::int64_t experts = model.num_experts;
    parameters.push_back({moe + "router.layer.weight", {experts, hidden}});
    parameters.push_back({moe + "input_linear.weight", {experts, 2 * intermediate, hidden}});
    parameters.push_back({moe + "output_linear.weight", {experts, hidden, intermediate}});
    return;
  }
  parameters.push_back({moe + "gate.weight", {model.num_experts, hidden}});
  for (std::int64_t e = 0; e < model.num_experts; ++e) {
    const std::string expert = fmt::format("{}experts.{}.", moe, e);
    parameters.push_back({expert + "w1.weight", {intermediate, hidden}});
    parameters.push_back({expert + "w2.weight", {hidden, intermediate}});
    parameters.push_back({expert + "w3.weight", {intermediate, hidden}});
  }
}

}  // namespace

std::int64_t ParameterSpec::num_elements() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::vector<ParameterSpec> layer_parameters(const config::ModelConfig& model, std::int64_t layer) {
  const std::string prefix = fmt::format("model.layers.{}.", layer);
  std::vector<ParameterSpec> parameters;
  parameters.push_back({prefix + "input_layernorm.weight", {model.hidden_size}});
  add_attention(model, prefix, parameters);
  parameters.push_back({prefix + "post_attention_layernorm.weight", {model.hidden_size}});
  add_experts(model, prefix, parameters);
  return parameters;
}

std::vector<ParameterSpec> root_parameters(const config::ModelConfig& model) {
  std::vector<ParameterSpec> parameters = {
      {"model.embed_tokens.weight", {model.vocab_size, model.hidden_size}},
      {"model.norm.weight", {model.hidden_size}}};
  if (!model.tie_word_embeddings) {
    parameters.push_back({"lm_head.weight", {model.vocab_size, model.hidden_size}});
  }
  return parameters;
}

std::vector<ParameterSpec> model_parameters(const config::ModelConfig& model) {
  const std::vector<ParameterSpec> root = root_parameters(model);
  std::vector<ParameterSpec> parameters = {root.front()};
  for (std::int64_t l = 0; l < model.num_layers; ++l) {
    for (ParameterSpec& parameter : layer_parameters(model, l)) {
      parameters.push_back(std::move(parameter));
    }
  }
  parameters.insert(parameters.end(), root.begin() + 1, root.end());
  return parameters;
}

}  // namespace moebench::partition
