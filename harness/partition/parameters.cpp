#include "harness/partition/parameters.h"

#include <fmt/core.h>

#include <functional>
#include <numeric>
#include <utility>

namespace moebench::partition {
namespace {

using config::ModelConfig;
using config::ModelType;

bool is_granite(ModelType type) {
  return type == ModelType::kGraniteMoe || type == ModelType::kGraniteMoeShared;
}

// What a model's tensors are called where families differ.
struct Names {
  const char* moe = "mlp.";
  const char* router = "gate";
  const char* correction = "gate.e_score_correction_bias";
  const char* shared = "mlp.shared_experts.";
  const char* gate = "gate_proj";
  const char* up = "up_proj";
  const char* down = "down_proj";
};

Names names_of_tensors(ModelType type) {
  Names names;
  switch (type) {
    case ModelType::kMixtral:
      names.moe = "block_sparse_moe.";
      names.gate = "w1";
      names.up = "w3";
      names.down = "w2";
      break;
    case ModelType::kGraniteMoe:
    case ModelType::kGraniteMoeShared:
      names.moe = "block_sparse_moe.";
      names.router = "router.layer";
      names.shared = "shared_mlp.";
      break;
    case ModelType::kQwen2Moe:
      names.shared = "mlp.shared_expert.";
      break;
    case ModelType::kGptOss:
      names.router = "router";
      break;
    case ModelType::kQwen3Moe:
    case ModelType::kOlmoe:
    case ModelType::kGlm4Moe:
    case ModelType::kDeepseekV2:
    case ModelType::kDeepseekV3:
      break;
  }
  return names;
}

class LayerParameters {
 public:
  LayerParameters(const ModelConfig& model, std::int64_t layer)
      : m_(model),
        names_(names_of_tensors(model.type)),
        prefix_(fmt::format("model.layers.{}.", layer)) {
    add("input_layernorm.weight", {m_.hidden_size}, Role::kInputNorm);
    if (m_.is_latent()) {
      add_latent_attention();
    } else {
      add_grouped_attention();
    }
    add("post_attention_layernorm.weight", {m_.hidden_size}, Role::kPostNorm);
    if (m_.is_dense(layer)) {
      add_mlp("mlp.", m_.dense_intermediate_size);
      return;
    }
    add_router();
    add_experts();
    add_shared_experts();
  }

  std::vector<ParameterSpec> take() { return std::move(all_); }

 private:
  using Shape = std::vector<std::int64_t>;

  void add(const std::string& name, Shape shape, Role role, std::int64_t expert = -1) {
    all_.push_back({prefix_ + name, std::move(shape), role, expert});
  }
  void add_if(bool has, const std::string& name, Shape shape, Role role) {
    if (has) add(name, std::move(shape), role);
  }

  void add_grouped_attention() {
    const std::int64_t q = m_.num_heads * m_.head_dim, kv = m_.num_kv_heads * m_.head_dim;
    add("self_attn.q_proj.weight", {q, m_.hidden_size}, Role::kQ);
    add("self_attn.k_proj.weight", {kv, m_.hidden_size}, Role::kK);
    add("self_attn.v_proj.weight", {kv, m_.hidden_size}, Role::kV);
    add("self_attn.o_proj.weight", {m_.hidden_size, q}, Role::kO);
    add_if(m_.qkv_bias, "self_attn.q_proj.bias", {q}, Role::kQBias);
    add_if(m_.qkv_bias, "self_attn.k_proj.bias", {kv}, Role::kKBias);
    add_if(m_.qkv_bias, "self_attn.v_proj.bias", {kv}, Role::kVBias);
    add_if(m_.o_bias, "self_attn.o_proj.bias", {m_.hidden_size}, Role::kOBias);
    add_if(m_.attention_sinks, "self_attn.sinks", {m_.num_heads}, Role::kSinks);
    const bool per_head = m_.qk_norm == config::QkNorm::kPerHead;
    const bool has_norm = m_.qk_norm != config::QkNorm::kNone;
    add_if(has_norm, "self_attn.q_norm.weight", {per_head ? m_.head_dim : q}, Role::kQNorm);
    add_if(has_norm, "self_attn.k_norm.weight", {per_head ? m_.head_dim : kv}, Role::kKNorm);
  }

  void add_latent_attention() {
    const std::int64_t hidden = m_.hidden_size, heads = m_.num_heads;
    const std::int64_t kv_a = m_.kv_lora_rank + m_.qk_rope_head_dim;
    const std::int64_t kv_b = heads * (m_.qk_nope_head_dim + m_.v_head_dim);
    if (m_.q_lora_rank == 0) {
      add("self_attn.q_proj.weight", {heads * m_.head_dim, hidden}, Role::kQ);
    } else {
      add("self_attn.q_a_proj.weight", {m_.q_lora_rank, hidden}, Role::kQA);
      add_if(m_.qkv_bias, "self_attn.q_a_proj.bias", {m_.q_lora_rank}, Role::kQABias);
      add("self_attn.q_a_layernorm.weight", {m_.q_lora_rank}, Role::kQANorm);
      add("self_attn.q_b_proj.weight", {heads * m_.head_dim, m_.q_lora_rank}, Role::kQB);
    }
    add("self_attn.kv_a_proj_with_mqa.weight", {kv_a, hidden}, Role::kKvA);
    add_if(m_.qkv_bias, "self_attn.kv_a_proj_with_mqa.bias", {kv_a}, Role::kKvABias);
    add("self_attn.kv_a_layernorm.weight", {m_.kv_lora_rank}, Role::kKvANorm);
    add("self_attn.kv_b_proj.weight", {kv_b, m_.kv_lora_rank}, Role::kKvB);
    add("self_attn.o_proj.weight", {hidden, heads * m_.v_head_dim}, Role::kO);
    add_if(m_.o_bias, "self_attn.o_proj.bias", {hidden}, Role::kOBias);
  }

  void add_router() {
    const std::string router = std::string(names_.moe) + names_.router;
    add(router + ".weight", {m_.num_experts, m_.hidden_size}, Role::kRouter);
    add_if(m_.router_bias, router + ".bias", {m_.num_experts}, Role::kRouterBias);
    add_if(m_.router_correction, std::string(names_.moe) + names_.correction, {m_.num_experts},
           Role::kRouterCorrection);
  }

  void add_experts() {
    const std::int64_t experts = m_.num_experts;
    const std::int64_t hidden = m_.hidden_size, intermediate = m_.intermediate_size;
    const std::string moe = names_.moe;
    if (is_granite(m_.type)) {
      add(moe + "input_linear.weight", {experts, 2 * intermediate, hidden}, Role::kExpertGateUp);
      add(moe + "output_linear.weight", {experts, hidden, intermediate}, Role::kExpertDown);
    } else if (m_.type == ModelType::kGptOss) {
      const std::string stacked = moe + "experts.";
      add(stacked + "gate_up_proj", {experts, hidden, 2 * intermediate},
          Role::kExpertGateUpColumns);
      add(stacked + "down_proj", {experts, intermediate, hidden}, Role::kExpertDownColumns);
      add_if(m_.expert_bias, stacked + "gate_up_proj_bias", {experts, 2 * intermediate},
             Role::kExpertGateUpBias);
      add_if(m_.expert_bias, stacked + "down_proj_bias", {experts, hidden}, Role::kExpertDownBias);
    } else {
      for (std::int64_t e = 0; e < experts; ++e) {
        const std::string expert = fmt::format("{}experts.{}.", moe, e);
        add(expert + names_.gate + ".weight", {intermediate, hidden}, Role::kExpertGate, e);
        add(expert + names_.down + ".weight", {hidden, intermediate}, Role::kExpertDown, e);
        add(expert + names_.up + ".weight", {intermediate, hidden}, Role::kExpertUp, e);
      }
    }
  }

  void add_shared_experts() {
    const std::int64_t size = m_.shared_intermediate_size;
    if (size == 0) return;
    if (is_granite(m_.type)) {
      const std::string shared = names_.shared;
      add(shared + "input_linear.weight", {2 * size, m_.hidden_size}, Role::kMlpGateUp);
      add(shared + "output_linear.weight", {m_.hidden_size, size}, Role::kMlpDown);
    } else {
      add_mlp(names_.shared, size);
    }
    add_if(m_.shared_gate, "mlp.shared_expert_gate.weight", {1, m_.hidden_size}, Role::kSharedGate);
  }

  void add_mlp(const std::string& mlp, std::int64_t intermediate) {
    add(mlp + "gate_proj.weight", {intermediate, m_.hidden_size}, Role::kMlpGate);
    add(mlp + "up_proj.weight", {intermediate, m_.hidden_size}, Role::kMlpUp);
    add(mlp + "down_proj.weight", {m_.hidden_size, intermediate}, Role::kMlpDown);
  }

  const ModelConfig& m_;
  Names names_;
  std::string prefix_;
  std::vector<ParameterSpec> all_;
};

}  // namespace

std::int64_t ParameterSpec::num_elements() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::vector<ParameterSpec> layer_parameters(const ModelConfig& model, std::int64_t layer) {
  return LayerParameters(model, layer).take();
}

std::vector<ParameterSpec> root_parameters(const ModelConfig& model) {
  const std::vector<std::int64_t> table = {model.vocab_size, model.hidden_size};
  std::vector<ParameterSpec> parameters = {
      {"model.embed_tokens.weight", table, Role::kEmbedding},
      {"model.norm.weight", {model.hidden_size}, Role::kFinalNorm}};
  if (!model.tie_word_embeddings) parameters.push_back({"lm_head.weight", table, Role::kHead});
  return parameters;
}

std::vector<ParameterSpec> model_parameters(const ModelConfig& model) {
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

bool has_stacked_experts(const ModelConfig& model) {
  return is_granite(model.type) || model.type == ModelType::kGptOss;
}

}  // namespace moebench::partition
