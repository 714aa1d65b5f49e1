// What files of each model type are read as: transformers' defaults, and what is published.

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/config/cell.h"
#include "harness/config/config_testing.h"

namespace moebench::config {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ModelConfig read(const json& config) {
  static const TestFolder folder;
  return load_model_config(folder.write("tiny.json", config.dump(1)));
}

std::string error(const json& config, const json& changes) {
  json changed = config;
  changed.update(changes);
  return error_of([&] { read(changed); });
}

ModelConfig changed(const json& config, const json& changes) {
  json all = config;
  all.update(changes);
  return read(all);
}

std::string text_of(const ModelConfig& model) {
  CellConfig cell;
  cell.model = model;
  return cell.canonical_text();
}

// transformers.json holds the defaults of every class, written out.
TEST(ModelTypes, AMissingKeyMeansTransformersDefault) {
  const json known = json::parse(read_file(MOEBENCH_GOLDEN_FOLDER "/transformers.json"));
  for (const std::string& type : names<ModelType>()) {
    SCOPED_TRACE(type);
    json full = known.at(type).at("config");
    if (type == "deepseek_v2") full["num_experts_per_tok"] = 6;  // which has no default
    if (type == "glm4_moe") full["num_attention_heads"] = 64;    // of 96 a head turns 21 dimensions
    json few;
    for (const char* key : {"model_type", "hidden_size", "intermediate_size", "num_hidden_layers",
                            "num_attention_heads", "vocab_size"}) {
      few[key] = full.at(key);
    }
    if (full.contains("moe_intermediate_size")) {
      few["moe_intermediate_size"] = full["moe_intermediate_size"];
    }
    if (type == "deepseek_v2") few["num_experts_per_tok"] = 6;
    if (type == "olmoe") full["pad_token_id"] = 1;
    EXPECT_EQ(text_of(read(few)), text_of(read(full)));
    EXPECT_FALSE(read(few).output_router_logits);
  }
}

const json kQwen3 = json::parse(R"({
  "architectures": ["Qwen3MoeForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
  "bos_token_id": 151643, "decoder_sparse_step": 1, "eos_token_id": 151645, "head_dim": 128,
  "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 6144,
  "max_position_embeddings": 40960, "max_window_layers": 48, "mlp_only_layers": [],
  "model_type": "qwen3_moe", "moe_intermediate_size": 768, "norm_topk_prob": true,
  "num_attention_heads": 32, "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 48,
  "num_key_value_heads": 4, "output_router_logits": false, "rms_norm_eps": 1e-06,
  "rope_scaling": null, "rope_theta": 1000000.0, "router_aux_loss_coef": 0.001,
  "sliding_window": null, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
  "transformers_version": "4.51.0", "use_cache": true, "use_sliding_window": false,
  "vocab_size": 151936})");

TEST(ModelTypes, Qwen3) {
  const ModelConfig model = read(kQwen3);
  EXPECT_EQ(model.intermediate_size, 768);
  EXPECT_EQ(model.head_dim, 128);
  EXPECT_EQ(model.num_experts, 128);
  EXPECT_EQ(model.qk_norm, QkNorm::kPerHead);
  EXPECT_TRUE(model.normalise_top_k);
  EXPECT_FALSE(model.qkv_bias || model.o_bias);
  EXPECT_TRUE(model.dense_layers.empty());
  EXPECT_EQ(model.dense_intermediate_size, 0);
  EXPECT_EQ(model.sliding_window, 0);
  const ModelConfig biased = changed(kQwen3, {{"attention_bias", true}});
  EXPECT_TRUE(biased.qkv_bias && biased.o_bias);
  EXPECT_EQ(changed(kQwen3, {{"num_local_experts", 128}}).num_experts, 128);
  EXPECT_THAT(error(kQwen3, {{"num_local_experts", 64}}), HasSubstr("remove one of the two"));
  EXPECT_THAT(error(kQwen3, {{"moe_intermediate_size", nullptr}}),
              HasSubstr("'moe_intermediate_size' is null; set it"));
}

TEST(ModelTypes, SomeLayersOfQwen3AreDense) {
  const ModelConfig model =
      changed(kQwen3, {{"num_hidden_layers", 6}, {"mlp_only_layers", {3, 0}}});
  EXPECT_THAT(model.dense_layers, ElementsAre(0, 3));
  EXPECT_EQ(model.dense_intermediate_size, 6144);
  EXPECT_EQ(model.num_dense_before(0), 0);
  EXPECT_EQ(model.num_dense_before(4), 2);
  const std::vector<std::int64_t> sparse = {1, 2, 4, 5};
  for (std::int64_t index = 0; index < model.num_sparse_layers(); ++index) {
    EXPECT_EQ(model.sparse_layer(index), sparse[static_cast<std::size_t>(index)]);
    EXPECT_EQ(model.sparse_index(model.sparse_layer(index)), index);
  }
  const ModelConfig every_other =
      changed(kQwen3, {{"num_hidden_layers", 5}, {"decoder_sparse_step", 2}});
  EXPECT_THAT(every_other.dense_layers, ElementsAre(0, 2, 4));
  const json types = {
      {"num_hidden_layers", 2}, {"mlp_only_layers", {0}}, {"mlp_layer_types", {"dense", "sparse"}}};
  EXPECT_THAT(changed(kQwen3, types).dense_layers, ElementsAre(0));
  EXPECT_THAT(error(kQwen3, {{"mlp_only_layers", {48}}}),
              HasSubstr("key 'mlp_only_layers': expected an integer from 0 to 47, got 48"));
  EXPECT_THAT(error(kQwen3, {{"decoder_sparse_step", 49}}),
              HasSubstr("key 'mlp_only_layers': leaves none of the 48 layers with experts"));
  EXPECT_THAT(error(kQwen3, {{"mlp_only_layers", {0}}, {"intermediate_size", nullptr}}),
              HasSubstr("'intermediate_size' is null; set it"));
}

// Of all layers, since the class takes no notice of max_window_layers.
TEST(ModelTypes, WindowsOfQwen3) {
  const json window = {{"use_sliding_window", true}, {"sliding_window", 512}};
  EXPECT_EQ(changed(kQwen3, window).sliding_window, 512);
  EXPECT_TRUE(changed(kQwen3, window).full_attention_layers.empty());
  EXPECT_EQ(changed(kQwen3, {{"use_sliding_window", true}}).sliding_window, 0);
  EXPECT_EQ(changed(kQwen3, {{"sliding_window", 512}}).sliding_window, 0);
}

const json kQwen2 = json::parse(R"({
  "architectures": ["Qwen2MoeForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643,
  "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02,
  "intermediate_size": 5632, "max_position_embeddings": 8192, "max_window_layers": 3,
  "model_type": "qwen2_moe", "num_attention_heads": 16, "num_hidden_layers": 6,
  "num_key_value_heads": 16, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 0,
  "tie_word_embeddings": false, "torch_dtype": "bfloat16", "transformers_version": "4.39.0.dev0",
  "use_cache": true, "use_sliding_window": false, "vocab_size": 151936, "decoder_sparse_step": 1,
  "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632, "norm_topk_prob": false,
  "num_experts_per_tok": 4, "num_experts": 60, "output_router_logits": false,
  "router_aux_loss_coef": 0.001})");

TEST(ModelTypes, Qwen2) {
  const ModelConfig model = read(kQwen2);
  EXPECT_EQ(model.intermediate_size, 1408);
  EXPECT_EQ(model.shared_intermediate_size, 5632);
  EXPECT_TRUE(model.shared_gate);
  EXPECT_FALSE(model.normalise_top_k);
  EXPECT_TRUE(model.qkv_bias);
  EXPECT_FALSE(model.o_bias);
  EXPECT_EQ(model.sliding_window, 0);
  EXPECT_FALSE(changed(kQwen2, {{"qkv_bias", false}}).qkv_bias);
  EXPECT_THAT(error(kQwen2, {{"attention_bias", true}}), HasSubstr("true means biases"));
  EXPECT_THAT(error(kQwen2, {{"shared_expert_intermediate_size", 0}}),
              HasSubstr("expected an integer from 1"));
}

TEST(ModelTypes, WindowsOfQwen2) {
  const json window = {{"use_sliding_window", true}, {"sliding_window", 512}};
  const ModelConfig model = changed(kQwen2, window);  // of layers 0 and 2, below max_window_layers
  EXPECT_EQ(model.sliding_window, 512);
  EXPECT_THAT(model.full_attention_layers, ElementsAre(1, 3, 4, 5));
  json listed = window;
  listed["layer_types"] = {"full_attention",    "sliding_attention", "full_attention",
                           "sliding_attention", "full_attention",    "full_attention"};
  EXPECT_THAT(changed(kQwen2, listed).full_attention_layers, ElementsAre(0, 2, 4, 5));
  EXPECT_EQ(changed(kQwen2, listed).window_of(1), 512);
  EXPECT_THAT(error(kQwen2, {{"layer_types", listed["layer_types"]}}),
              HasSubstr("has sliding windows, and use_sliding_window is not true"));
  EXPECT_THAT(error(kQwen2, {{"use_sliding_window", true}, {"sliding_window", nullptr}}),
              HasSubstr("'sliding_window' is null; set it"));
}

const json kOlmoe = json::parse(R"({
  "architectures": ["OlmoeForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
  "clip_qkv": null, "eos_token_id": 50279, "hidden_act": "silu", "hidden_size": 2048,
  "initializer_range": 0.02, "intermediate_size": 1024, "max_position_embeddings": 4096,
  "model_type": "olmoe", "norm_topk_prob": false, "num_attention_heads": 16, "num_experts": 64,
  "num_experts_per_tok": 8, "num_hidden_layers": 16, "num_key_value_heads": 16,
  "output_router_logits": false, "pad_token_id": 1, "rms_norm_eps": 1e-05, "rope_scaling": null,
  "rope_theta": 10000.0, "router_aux_loss_coef": 0.01, "tie_word_embeddings": false,
  "torch_dtype": "bfloat16", "transformers_version": "4.43.0.dev0", "use_cache": true,
  "vocab_size": 50304})");

TEST(ModelTypes, Olmoe) {
  const ModelConfig model = read(kOlmoe);
  EXPECT_EQ(model.qk_norm, QkNorm::kAllHeads);
  EXPECT_EQ(model.intermediate_size, 1024);
  EXPECT_EQ(model.router_aux_loss_coef, 0.01);
  EXPECT_EQ(model.pad_token_id, 1);
  EXPECT_EQ(changed(kOlmoe, {{"pad_token_id", nullptr}}).pad_token_id, -1);
  EXPECT_THAT(error(kOlmoe, {{"clip_qkv", 8.0}}),
              HasSubstr("8.0 means clipped queries, keys and values"));
  EXPECT_THAT(error(kOlmoe, {{"head_dim", 64}}),
              HasSubstr("key 'head_dim': 64 of 16 heads is not hidden_size 2048"));
}

TEST(ModelTypes, GraniteWithSharedExperts) {
  json config = json::parse(kTinyModel);
  config.update({{"model_type", "granitemoeshared"}, {"attention_multiplier", 0.125}});
  EXPECT_EQ(read(config).shared_intermediate_size, 0);
  EXPECT_EQ(read(config).attention_multiplier, 0.125);
  const ModelConfig model = changed(config, {{"shared_intermediate_size", 96}});
  EXPECT_EQ(model.shared_intermediate_size, 96);
  EXPECT_FALSE(model.shared_gate);
}

const json kGlm = json::parse(R"({
  "architectures": ["Glm4MoeForCausalLM"], "attention_bias": true, "attention_dropout": 0.0,
  "pad_token_id": 151329, "eos_token_id": [151329, 151336, 151338], "head_dim": 128,
  "hidden_act": "silu", "hidden_size": 4096, "partial_rotary_factor": 0.5,
  "initializer_range": 0.02, "intermediate_size": 10944, "max_position_embeddings": 131072,
  "model_type": "glm4_moe", "moe_intermediate_size": 1408, "norm_topk_prob": true,
  "num_attention_heads": 96, "n_group": 1, "topk_group": 1, "n_routed_experts": 128,
  "n_shared_experts": 1, "routed_scaling_factor": 1.0, "num_experts_per_tok": 8,
  "first_k_dense_replace": 1, "num_hidden_layers": 46, "num_key_value_heads": 8,
  "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 1000000,
  "num_nextn_predict_layers": 1, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
  "transformers_version": "4.54.0", "use_cache": true, "use_qk_norm": false,
  "vocab_size": 151552})");

TEST(ModelTypes, Glm) {
  const ModelConfig model = read(kGlm);
  EXPECT_EQ(model.router_score, RouterScore::kSigmoid);
  EXPECT_TRUE(model.router_correction);
  EXPECT_TRUE(model.normalise_top_k);
  EXPECT_EQ(model.group_score, GroupScore::kBestTwo);
  EXPECT_THAT(model.dense_layers, ElementsAre(0));
  EXPECT_EQ(model.dense_intermediate_size, 10944);
  EXPECT_EQ(model.shared_intermediate_size, 1408);
  EXPECT_TRUE(model.qkv_bias);
  EXPECT_FALSE(model.o_bias);
  EXPECT_EQ(model.rope.rotary_dim, 64);
  EXPECT_EQ(model.qk_norm, QkNorm::kNone);
  EXPECT_EQ(model.router_aux_loss_coef, 0);
  EXPECT_EQ(changed(kGlm, {{"use_qk_norm", true}}).qk_norm, QkNorm::kPerHead);
  EXPECT_EQ(changed(kGlm, {{"router_aux_loss_coef", 0.1}}).router_aux_loss_coef, 0);
  EXPECT_EQ(changed(kGlm, {{"n_shared_experts", 0}}).shared_intermediate_size, 0);
  EXPECT_THAT(error(kGlm, {{"scoring_func", "softmax"}}), HasSubstr("set it to \"sigmoid\""));
  EXPECT_THAT(error(kGlm, {{"first_k_dense_replace", 46}}),
              HasSubstr("key 'first_k_dense_replace': leaves none of the 46 layers"));
}

const json kDeepseekV2 = json::parse(R"({
  "architectures": ["DeepseekV2ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
  "auto_map": {"AutoConfig": "configuration_deepseek.DeepseekV2Config"}, "aux_loss_alpha": 0.001,
  "bos_token_id": 100000, "eos_token_id": 100001, "ep_size": 1, "first_k_dense_replace": 1,
  "hidden_act": "silu", "hidden_size": 5120, "initializer_range": 0.02,
  "intermediate_size": 12288, "kv_lora_rank": 512, "max_position_embeddings": 163840,
  "model_type": "deepseek_v2", "moe_intermediate_size": 1536, "moe_layer_freq": 1, "n_group": 8,
  "n_routed_experts": 160, "n_shared_experts": 2, "norm_topk_prob": false,
  "num_attention_heads": 128, "num_experts_per_tok": 6, "num_hidden_layers": 60,
  "num_key_value_heads": 128, "pretraining_tp": 1, "q_lora_rank": 1536, "qk_nope_head_dim": 128,
  "qk_rope_head_dim": 64, "rms_norm_eps": 1e-06,
  "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 0.707,
                   "mscale_all_dim": 0.707, "original_max_position_embeddings": 4096,
                   "type": "yarn"},
  "rope_theta": 10000, "routed_scaling_factor": 16.0, "scoring_func": "softmax", "seq_aux": true,
  "tie_word_embeddings": false, "topk_group": 3, "topk_method": "group_limited_greedy",
  "torch_dtype": "bfloat16", "transformers_version": "4.39.3", "use_cache": true,
  "v_head_dim": 128, "vocab_size": 102400})");

TEST(ModelTypes, DeepseekV2) {
  const ModelConfig model = read(kDeepseekV2);
  EXPECT_EQ(model.head_dim, 192);
  EXPECT_EQ(model.num_kv_heads, 128);
  EXPECT_EQ(model.q_lora_rank, 1536);
  EXPECT_EQ(model.num_expert_groups, 8);
  EXPECT_EQ(model.top_k_groups, 3);
  EXPECT_EQ(model.group_score, GroupScore::kBest);
  EXPECT_EQ(model.routed_scaling_factor, 16);
  EXPECT_EQ(model.shared_intermediate_size, 2 * 1536);
  EXPECT_TRUE(model.rope.interleaved);
  EXPECT_EQ(model.rope.mscale_all_dim, 0.707);
  EXPECT_EQ(model.router_score, RouterScore::kSoftmax);
  EXPECT_FALSE(model.router_correction);
  // Without groups, however many the file says.
  EXPECT_EQ(changed(kDeepseekV2, {{"topk_method", "greedy"}}).num_expert_groups, 1);
  // A null is no latent vector of queries, and no default.
  EXPECT_EQ(changed(kDeepseekV2, {{"q_lora_rank", nullptr}}).q_lora_rank, 0);
  // The class never divides by the sum.
  EXPECT_FALSE(changed(kDeepseekV2, {{"norm_topk_prob", true}}).normalise_top_k);
}

TEST(ModelTypes, DeepseekV2IsRefused) {
  EXPECT_THAT(error(kDeepseekV2, {{"topk_method", "noaux_tc"}}),
              HasSubstr("unknown method 'noaux_tc'; use \"greedy\" or \"group_limited_greedy\""));
  EXPECT_THAT(error(kDeepseekV2, {{"num_experts_per_tok", nullptr}}),
              HasSubstr("'num_experts_per_tok' is null; set it"));
  EXPECT_THAT(error(kDeepseekV2, {{"n_group", 7}}), HasSubstr("7 does not divide the 160 experts"));
  EXPECT_THAT(error(kDeepseekV2, {{"topk_group", 9}}), HasSubstr("9 is more than n_group 8"));
  EXPECT_THAT(error(kDeepseekV2, {{"topk_group", 1}, {"num_experts_per_tok", 21}}),
              HasSubstr("1 groups of 20 experts are too few for the 21 of a token"));
  EXPECT_THAT(error(kDeepseekV2, {{"num_key_value_heads", 64}}),
              HasSubstr("64 is not num_attention_heads 128"));
  EXPECT_THAT(error(kDeepseekV2, {{"qk_rope_head_dim", 63}}), HasSubstr("63 is odd"));
  EXPECT_THAT(error(kDeepseekV2, {{"head_dim", 128}}),
              HasSubstr("key 'head_dim': is 64 by the latent dimensions; remove it"));
  EXPECT_THAT(error(kDeepseekV2, {{"moe_layer_freq", 2}}), HasSubstr("layers without experts"));
  EXPECT_THAT(error(kDeepseekV2, {{"rope_interleave", false}}), HasSubstr("set it to true"));
  EXPECT_THAT(error(kDeepseekV2, {{"kv_lora_rank", 0}}), HasSubstr("expected an integer from 1"));
}

const json kDeepseekV3 = json::parse(R"({
  "architectures": ["DeepseekV3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
  "auto_map": {"AutoConfig": "configuration_deepseek.DeepseekV3Config"}, "bos_token_id": 0,
  "eos_token_id": 1, "ep_size": 1, "first_k_dense_replace": 3, "hidden_act": "silu",
  "hidden_size": 7168, "initializer_range": 0.02, "intermediate_size": 18432,
  "kv_lora_rank": 512, "max_position_embeddings": 163840, "model_type": "deepseek_v3",
  "moe_intermediate_size": 2048, "moe_layer_freq": 1, "n_group": 8, "n_routed_experts": 256,
  "n_shared_experts": 1, "norm_topk_prob": true, "num_attention_heads": 128,
  "num_experts_per_tok": 8, "num_hidden_layers": 61, "num_key_value_heads": 128,
  "num_nextn_predict_layers": 1, "q_lora_rank": 1536, "qk_nope_head_dim": 128,
  "qk_rope_head_dim": 64,
  "quantization_config": {"activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8",
                          "weight_block_size": [128, 128]},
  "rms_norm_eps": 1e-06,
  "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 1.0,
                   "mscale_all_dim": 1.0, "original_max_position_embeddings": 4096,
                   "type": "yarn"},
  "rope_theta": 10000, "routed_scaling_factor": 2.5, "scoring_func": "sigmoid",
  "tie_word_embeddings": false, "topk_group": 4, "topk_method": "noaux_tc",
  "torch_dtype": "bfloat16", "transformers_version": "4.33.1", "use_cache": true,
  "v_head_dim": 128, "vocab_size": 129280})");

TEST(ModelTypes, DeepseekV3) {
  const ModelConfig model = read(kDeepseekV3);
  EXPECT_EQ(model.quantised, "fp8");
  EXPECT_EQ(model.router_score, RouterScore::kSigmoid);
  EXPECT_TRUE(model.router_correction);
  EXPECT_EQ(model.group_score, GroupScore::kBestTwo);
  EXPECT_EQ(model.num_expert_groups, 8);
  EXPECT_THAT(model.dense_layers, ElementsAre(0, 1, 2));
  EXPECT_EQ(model.value_dim(), 128);
  EXPECT_TRUE(model.rope.interleaved);
  EXPECT_FALSE(changed(kDeepseekV3, {{"rope_interleave", false}}).rope.interleaved);
  EXPECT_FALSE(changed(kDeepseekV3, {{"norm_topk_prob", nullptr}}).normalise_top_k);
  EXPECT_TRUE(changed(kDeepseekV3, {{"attention_bias", true}}).o_bias);
  EXPECT_THAT(error(kDeepseekV3, {{"n_group", 256}, {"topk_group", 256}}),
              HasSubstr("256 groups have 1 expert each, and a group is chosen by its best two"));
  EXPECT_THAT(error(kDeepseekV3, {{"scoring_func", "softmax"}}), HasSubstr("\"sigmoid\""));
  EXPECT_THAT(error(kDeepseekV3, {{"num_attention_heads", 64}, {"num_key_value_heads", nullptr}}),
              HasSubstr("no error"));
}

const json kGptOss = json::parse(R"({
  "architectures": ["GptOssForCausalLM"], "attention_bias": true, "attention_dropout": 0.0,
  "eos_token_id": 200002, "experts_per_token": 4, "head_dim": 64, "hidden_act": "silu",
  "hidden_size": 2880, "initial_context_length": 4096, "initializer_range": 0.02,
  "intermediate_size": 2880,
  "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
  "max_position_embeddings": 131072, "model_type": "gpt_oss", "num_attention_heads": 64,
  "num_experts_per_tok": 4, "num_hidden_layers": 4, "num_key_value_heads": 8,
  "num_local_experts": 32, "output_router_logits": false, "pad_token_id": 199999,
  "quantization_config": {"modules_to_not_convert": ["lm_head"], "quant_method": "mxfp4"},
  "rms_norm_eps": 1e-05,
  "rope_scaling": {"beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0,
                   "original_max_position_embeddings": 4096, "rope_type": "yarn",
                   "truncate": false},
  "rope_theta": 150000, "router_aux_loss_coef": 0.9, "sliding_window": 128, "swiglu_limit": 7.0,
  "tie_word_embeddings": false, "transformers_version": "4.55.0.dev0", "use_cache": true,
  "vocab_size": 201088})");

TEST(ModelTypes, GptOss) {
  const ModelConfig model = read(kGptOss);
  EXPECT_EQ(model.quantised, "mxfp4");
  EXPECT_TRUE(model.attention_sinks && model.router_bias && model.expert_bias);
  EXPECT_TRUE(model.qkv_bias && model.o_bias);
  EXPECT_TRUE(model.normalise_top_k);
  EXPECT_EQ(model.sliding_window, 128);
  EXPECT_THAT(model.full_attention_layers, ElementsAre(1, 3));
  EXPECT_EQ(model.swiglu_limit, 7);
  EXPECT_EQ(model.swiglu_alpha, 1.702);
  EXPECT_FALSE(model.rope.truncate);
  // Every other layer, as the class does where the file does not list them.
  EXPECT_THAT(changed(kGptOss, {{"layer_types", nullptr}}).full_attention_layers,
              ElementsAre(1, 3));
  // transformers takes none and an empty rope_scaling for what gpt-oss was trained with.
  for (const json& none : {json(), json::object()}) {
    EXPECT_EQ(text_of(changed(kGptOss, {{"rope_scaling", none}})), text_of(model));
  }
  EXPECT_EQ(changed(kGptOss, {{"rope_scaling", {{"type", "default"}}}}).rope.scaling,
            RopeScaling::kNone);
  EXPECT_THAT(error(kGptOss, {{"sliding_window", nullptr}}),
              HasSubstr("'sliding_window' is null; set it"));
  EXPECT_THAT(error(kGptOss, {{"num_hidden_layers", 5}}),
              HasSubstr("one for each of the 5 layers"));
  EXPECT_THAT(error(kGptOss, {{"swiglu_limit", 0}}), HasSubstr("must be positive"));
  EXPECT_THAT(error(kGptOss, {{"experts_per_token", 2}}),
              HasSubstr("the number of a token's experts is num_experts_per_tok here, 4"));
}

TEST(ModelTypes, NoneHasMoreParametersThanAre64Bits) {
  const json huge = {{"hidden_size", 9999999}, {"intermediate_size", 9999999}};
  EXPECT_THAT(error(kDeepseekV3, huge), HasSubstr("more than 1e14 parameters"));
  EXPECT_THAT(error(kGlm, {{"moe_intermediate_size", 9999999}, {"n_shared_experts", 9999999}}),
              HasSubstr("more than 1e14 parameters"));
}

}  // namespace
}  // namespace moebench::config
