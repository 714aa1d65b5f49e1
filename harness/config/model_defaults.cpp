#include "harness/config/model_parts.h"

namespace moebench::config {
namespace {

// Types that came before a part was a choice differ from ModelConfig's initial values here.
void set_qwen_defaults(ModelConfig& model) {
  model.max_position_embeddings = 32768;
  model.rope_theta = 1e4;
  model.rms_norm_eps = 1e-6;
  model.normalise_top_k = false;
}

void set_granite_defaults(ModelConfig& model) {
  model.max_position_embeddings = 2048;
  model.rope_theta = 1e4;
  model.rms_norm_eps = 1e-6;
  model.attention_multiplier = 1;
}

// A sigmoid of each logit, and a choice that a bias corrects (DeepSeek-V3, 2024, 2.1.2).
void set_corrected_router(ModelConfig& model) {
  model.router_score = RouterScore::kSigmoid;
  model.router_correction = true;
  model.router_fp32 = true;
  model.group_score = GroupScore::kBestTwo;
}

void set_latent_defaults(ModelConfig& model) {
  model.rope_theta = 1e4;
  model.rms_norm_eps = 1e-6;
  model.q_lora_rank = 1536;
  model.kv_lora_rank = 512;
  model.qk_nope_head_dim = 128;
  model.qk_rope_head_dim = 64;
  model.v_head_dim = 128;
  model.rope.interleaved = true;
}

void set_gpt_oss_defaults(ModelConfig& model) {
  model.num_kv_heads = 8;
  model.head_dim = 64;
  model.max_position_embeddings = 131072;
  model.rope_theta = 150000;
  model.num_experts = 128;
  model.top_k = 4;
  model.sliding_window = 128;
  model.qkv_bias = true;
  model.attention_sinks = true;
  model.router_bias = true;
  model.expert_bias = true;
  model.swiglu_limit = 7;
}

}  // namespace

bool has_router_loss(ModelType type) {
  switch (type) {
    case ModelType::kMixtral:
    case ModelType::kGraniteMoe:
    case ModelType::kQwen3Moe:
    case ModelType::kQwen2Moe:
    case ModelType::kOlmoe:
    case ModelType::kGraniteMoeShared:
    case ModelType::kGptOss:
      return true;
    case ModelType::kGlm4Moe:
    case ModelType::kDeepseekV2:
    case ModelType::kDeepseekV3:
      return false;
  }
  return false;
}

ModelConfig model_defaults(ModelType type) {
  ModelConfig model;
  model.type = type;
  model.num_experts = 8;
  model.top_k = 2;
  model.router_aux_loss_coef = has_router_loss(type) ? 0.001 : 0;
  switch (type) {
    case ModelType::kMixtral:
      model.num_kv_heads = 8;
      model.max_position_embeddings = 131072;
      break;
    case ModelType::kGraniteMoe:
    case ModelType::kGraniteMoeShared:
      set_granite_defaults(model);
      break;
    case ModelType::kQwen3Moe:
      set_qwen_defaults(model);
      model.num_kv_heads = 4;
      model.num_experts = 128;
      model.top_k = 8;
      model.qk_norm = QkNorm::kPerHead;
      break;
    case ModelType::kQwen2Moe:
      set_qwen_defaults(model);
      model.num_kv_heads = 16;
      model.num_experts = 60;
      model.top_k = 4;
      model.qkv_bias = true;
      model.shared_intermediate_size = 5632;
      model.shared_gate = true;
      break;
    case ModelType::kOlmoe:
      model.max_position_embeddings = 4096;
      model.rope_theta = 1e4;
      model.num_experts = 64;
      model.top_k = 8;
      model.normalise_top_k = false;
      model.router_aux_loss_coef = 0.01;
      model.qk_norm = QkNorm::kAllHeads;
      model.pad_token_id = 1;
      break;
    case ModelType::kGlm4Moe:
      set_corrected_router(model);
      model.num_kv_heads = 8;
      model.max_position_embeddings = 131072;
      model.rope_theta = 1e4;
      model.num_experts = 128;
      model.top_k = 8;
      break;
    case ModelType::kDeepseekV2:
      set_latent_defaults(model);
      model.max_position_embeddings = 2048;
      model.num_experts = 64;
      model.top_k = 0;  // there is no default
      model.normalise_top_k = false;
      model.router_fp32 = true;
      break;
    case ModelType::kDeepseekV3:
      set_latent_defaults(model);
      set_corrected_router(model);
      model.num_kv_heads = 128;
      model.max_position_embeddings = 4096;
      model.num_experts = 256;
      model.top_k = 8;
      model.routed_scaling_factor = 2.5;
      model.num_expert_groups = 8;
      model.top_k_groups = 4;
      break;
    case ModelType::kGptOss:
      set_gpt_oss_defaults(model);
      break;
  }
  return model;
}

}  // namespace moebench::config
