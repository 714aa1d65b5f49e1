#include "harness/config/model_keys.h"

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/config/cell.h"
#include "harness/config/config_testing.h"
#include "harness/testing/golden_testing.h"

namespace moebench::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::array kTypes = {"mixtral", "granitemoe"};

// kTinyModel of that type with further members, on its fifth line.
ModelConfig load_type(const std::string& type, const std::string& members) {
  static const TestFolder folder;
  std::string text = kTinyModel;
  text.replace(text.find("mixtral"), 7, type);
  text.insert(text.rfind('\n'), ",\n\t" + members);
  return load_model_config(folder.write("tiny.json", text));
}

std::string member(const std::string& key, const std::string& json) {
  return fmt::format("\"{}\": {}", key, json);
}

// Keys that transformers' configurations of mixture-of-experts models have and these two types do
// not, each with the values that leave the model as it is, and one that makes it another.
struct ForeignKey {
  const char* key;
  std::vector<const char*> same;
  const char* other;
};
const std::vector<ForeignKey> kForeignKeys = {
    // experts, and which layers have them
    {"moe_intermediate_size", {"128"}, "16"},
    {"expert_ffn_hidden_size", {"128"}, "64"},
    {"n_routed_experts", {"8"}, "64"},
    {"num_experts", {"8"}, "64"},
    {"num_routed_experts", {"8"}, "64"},
    {"moe_num_experts", {"8"}, "64"},
    {"moe_topk", {"2"}, "6"},
    {"moe_top_k", {"2"}, "1"},
    {"moe_k", {"2"}, "6"},
    {"experts_per_token", {"2"}, "6"},
    {"n_shared_experts", {"0"}, "1"},
    {"num_shared_experts", {"0"}, "1"},
    {"moe_num_shared_experts", {"0"}, "2"},
    {"shared_expert_intermediate_size", {"0"}, "64"},
    {"shared_experts_intermediate_size", {"0"}, "64"},
    {"moe_shared_expert_intermediate_size", {"0"}, "64"},
    {"shared_intermediate_size", {"0"}, "1024"},
    {"use_shared_expert", {"false"}, "true"},
    {"first_k_dense_replace", {"0"}, "1"},
    {"num_dense_layers", {"0"}, "2"},
    {"decoder_sparse_step", {"1"}, "2"},
    {"moe_layer_freq", {"1"}, "[0, 1]"},
    {"moe_layer_interval", {"1"}, "2"},
    {"interleave_moe_layer_step", {"1"}, "2"},
    {"mlp_only_layers", {"[]"}, "[0]"},
    {"mlp_layer_types", {"[]", "[\"sparse\", \"sparse\"]"}, "[\"dense\", \"sparse\"]"},
    {"layer_types",
     {"[\"full_attention\", \"full_attention\"]"},
     "[\"full_attention\", \"sliding_attention\"]"},
    {"per_layer_config", {"{}"}, "{\"0\": {\"hidden_size\": 32}}"},
    {"num_nextn_predict_layers", {"0"}, "1"},
    {"num_mtp_layers", {"0"}, "1"},
    {"mtp_num_layers", {"0"}, "1"},
    // the router
    {"norm_topk_prob", {"true"}, "false"},
    {"scoring_func", {"\"softmax\""}, "\"sigmoid\""},
    {"topk_method", {"\"greedy\""}, "\"noaux_tc\""},
    {"routed_scaling_factor", {"1.0"}, "2.5"},
    {"route_scale", {"1.0"}, "8.0"},
    {"router_scaling_factor", {"1"}, "2.826"},
    {"moe_routed_scaling_factor", {"1"}, "2"},
    {"moe_apply_router_weight_on_input", {"false"}, "true"},
    {"n_group", {"1"}, "8"},
    {"topk_group", {"1"}, "4"},
    {"router_jitter_noise", {"0.0"}, "0.01"},
    {"input_jitter_noise", {"0.0"}, "0.01"},
    {"moe_jitter_eps", {"0"}, "0.01"},
    {"router_z_loss_coef", {"0.0"}, "0.001"},
    {"router_bias", {"false"}, "true"},
    {"use_expert_bias", {"false"}, "true"},
    {"moe_router_enable_expert_bias", {"false"}, "true"},
    {"moe_router_logit_softcapping", {"0.0"}, "30.0"},
    // attention
    {"qk_norm", {"false"}, "true"},
    {"use_qk_norm", {"false"}, "true"},
    {"qk_layernorm", {"false"}, "true"},
    {"use_qk_layernorm", {"false"}, "true"},
    {"use_qkv_norm", {"false"}, "true"},
    {"q_lora_rank", {"0"}, "1536"},
    {"kv_lora_rank", {"0"}, "512"},
    {"qk_nope_head_dim", {"0"}, "128"},
    {"qk_rope_head_dim", {"0"}, "64"},
    {"v_head_dim", {"0"}, "128"},
    {"attn_logit_softcapping", {"0"}, "50.0"},
    {"final_logit_softcapping", {"0"}, "30.0"},
    {"partial_rotary_factor", {"1.0"}, "0.5"},
    {"rope_interleave", {"false"}, "true"},
    {"rope_interleaved", {"false"}, "true"},
    {"position_embedding_type", {"\"rope\""}, "\"nope\""},
    {"qkv_bias", {"false"}, "true"},
    {"mlp_bias", {"false"}, "true"},
    {"lm_head_bias", {"false"}, "true"},
    {"use_bias", {"false"}, "true"},
    {"bias", {"false"}, "true"},
    {"add_bias_linear", {"false"}, "true"},
    // the rest
    {"attention_dropout", {"0", "0.0"}, "0.1"},
    {"attn_pdrop", {"0.0"}, "0.1"},
    {"emb_pdrop", {"0.0"}, "0.1"},
    {"hidden_dropout", {"0.0"}, "0.1"},
    {"hidden_dropout_prob", {"0.0"}, "0.1"},
    {"resid_pdrop", {"0.0"}, "0.1"},
    {"embd_pdrop", {"0.0"}, "0.1"},
    {"residual_dropout", {"0.0"}, "0.1"},
    {"embedding_dropout", {"0.0"}, "0.1"},
    {"activation_dropout", {"0.0"}, "0.1"},
    {"layerdrop", {"0.0"}, "0.1"},
    {"is_encoder_decoder", {"false"}, "true"},
    {"add_cross_attention", {"false"}, "true"},
    {"pruned_heads", {"{}"}, "{\"0\": [1]}"},
    {"torchscript", {"false"}, "true"},
    {"loss_type", {"\"ForCausalLM\""}, "\"x\""},
    {"clip_qkv", {}, "8.0"},
};

TEST(ModelKeys, AFeatureOfOtherModelsIsOffOrAnError) {
  for (const auto& [key, same, other] : kForeignKeys) {
    for (const char* type : kTypes) {
      SCOPED_TRACE(fmt::format("{} of {}", key, type));
      EXPECT_EQ(load_type(type, member(key, "null")).num_layers, 2);
      for (const char* value : same) EXPECT_EQ(load_type(type, member(key, value)).num_layers, 2);
      EXPECT_THAT(error_of([&] { load_type(type, member(key, other)); }),
                  HasSubstr(fmt::format("tiny.json:5: key '{}': ", key)));
    }
  }
}

TEST(ModelKeys, AFeatureSaysHowItIsLeftOut) {
  EXPECT_THAT(error_of([] { load_type("mixtral", "\"kv_lora_rank\": 512"); }),
              HasSubstr("key 'kv_lora_rank': 512 means latent attention, which is not supported of "
                        "mixtral models; set it to 0, or remove it, where the model has none"));
  EXPECT_THAT(error_of([] { load_type("mixtral", "\"moe_intermediate_size\": 16"); }),
              HasSubstr("an expert's size is intermediate_size here, 128; give both the value that "
                        "it has, or remove this one"));
  EXPECT_THAT(error_of([] { load_type("mixtral", "\"mlp_layer_types\": \"sparse\""); }),
              HasSubstr("0 of the model's 2 layers are dense by its other keys"));
  for (const char* types :
       {"\"full_attention\"", "[\"full_attention\"]", "[\"mamba\", \"mamba\"]"}) {
    EXPECT_THAT(error_of([&] { load_type("mixtral", member("layer_types", types)); }),
                HasSubstr("is no list of \"full_attention\" and \"sliding_attention\", one for "
                          "each of the 2 layers"));
  }
}

TEST(ModelKeys, QuantisedWeightsAreNamed) {
  for (const char* type : kTypes) {
    EXPECT_EQ(load_type(type, "\"quantization_config\": null").quantised, "");
    EXPECT_EQ(load_type(type, "\"quantization_config\": {\"quant_method\": \"mxfp4\"}").quantised,
              "mxfp4");
    EXPECT_EQ(load_type(type, "\"compression_config\": {\"bits\": 4}").quantised,
              "compression_config");
  }
}

// What has no value that leaves it out, or is in no table.
TEST(ModelKeys, OthersAreErrors) {
  for (const char* key :
       {"\"transformers_weights\": \"x.safetensors\"", "\"text_config\": {}",
        "\"attn_layer_period\": 8", "\"mamba_d_state\": 16", "\"sparse_layers\": 0",
        "\"swiglu_limit\": 7.0", "\"ffn_config\": {\"moe_num_experts\": 8}"}) {
    const std::string name = std::string(key).substr(1, std::string(key).find('"', 1) - 1);
    for (const char* type : kTypes) {
      EXPECT_THAT(error_of([&] { load_type(type, key); }),
                  AllOf(HasSubstr("tiny.json:5: "), HasSubstr("key '" + name + "'")))
          << type;
    }
  }
}

TEST(ModelKeys, SomeAreOfOneTypeAlone) {
  for (const char* key : {"embedding_multiplier", "residual_multiplier", "logits_scaling"}) {
    EXPECT_EQ(load_type("mixtral", member(key, "1.0")).num_layers, 2) << key;
    EXPECT_THAT(error_of([&] { load_type("mixtral", member(key, "6.0")); }),
                HasSubstr("set it to 1"));
    EXPECT_EQ(load_type("granitemoe", member(key, "6.0")).num_layers, 2) << key;
  }
  EXPECT_THAT(error_of([] { load_type("mixtral", "\"attention_multiplier\": 0.1"); }),
              HasSubstr("unknown key"));
  EXPECT_TRUE(load_type("granitemoe", "\"attention_bias\": true").o_bias);
  EXPECT_THAT(error_of([] { load_type("mixtral", "\"attention_bias\": true"); }),
              HasSubstr("key 'attention_bias': true means biases"));
  EXPECT_EQ(load_type("mixtral", "\"sliding_window\": 128").sliding_window, 128);
  EXPECT_THAT(error_of([] { load_type("granitemoe", "\"sliding_window\": 128"); }),
              HasSubstr("128 means sliding windows, which is not supported of granitemoe models"));
}

// A file of another model whose model_type alone was changed.
TEST(ModelKeys, ArchitecturesAreOfTheType) {
  const auto architecture = [](const std::string& type, const std::string& name) {
    return load_type(type, "\"architectures\": [\"" + name + "\"]").num_layers;
  };
  for (const char* head : {"ForCausalLM", "ForSequenceClassification", "Model"}) {
    EXPECT_EQ(architecture("mixtral", std::string("Mixtral") + head), 2);
    EXPECT_EQ(architecture("granitemoe", std::string("GraniteMoe") + head), 2);
  }
  EXPECT_THAT(
      error_of([&] { architecture("mixtral", "Qwen3MoeForCausalLM"); }),
      HasSubstr("tiny.json:5: key 'architectures': [\"Qwen3MoeForCausalLM\"] is no class of "
                "a mixtral model, such as MixtralForCausalLM; set model_type"));
  EXPECT_ANY_THROW(architecture("granitemoe", "GraniteMoeSharedForCausalLM"));
  EXPECT_ANY_THROW(architecture("granitemoe", "MixtralForCausalLM"));
  EXPECT_ANY_THROW(architecture("mixtral", ""));
}

TEST(ModelKeys, WhatSaysNothingOfTheModelIsKnown) {
  for (const char* key :
       {"\"architectures\": []", "\"torch_dtype\": \"bfloat16\"", "\"dtype\": \"float32\"",
        "\"transformers_version\": \"5.0\"", "\"use_cache\": true", "\"_name_or_path\": \"x\"",
        "\"auto_map\": {}", "\"bos_token_id\": 1", "\"eos_token_id\": [1, 2]",
        "\"chat_template\": \"x\"", "\"id2label\": {}", "\"temperature\": 0.7", "\"top_k\": 50",
        "\"gradient_checkpointing\": true", "\"pretraining_tp\": 1", "\"max_window_layers\": 28",
        "\"use_sliding_window\": false", "\"unsloth_version\": \"1\"", "\"_n_routed\": 3"}) {
    for (const char* type : kTypes) EXPECT_EQ(load_type(type, key).num_layers, 2) << key;
  }
}

TEST(ModelKeys, AKeyThatIsUnknownIsAnErrorThatNamesIt) {
  EXPECT_THAT(error_of([] { load_type("mixtral", "\"num_hiden_layers\": 3"); }),
              AllOf(HasSubstr("tiny.json:5: unknown key 'num_hiden_layers'; did you mean "
                              "'num_hidden_layers'?"),
                    HasSubstr("remove it where it does not, or begin its name with _")));
  EXPECT_THAT(error_of([] { load_type("mixtral", "\"zeta_gate\": 1, \"eta_gate\": \"x\""); }),
              HasSubstr("unknown keys 'eta_gate', 'zeta_gate'; it may make another model"));
}

const char* name_of(KeyRule rule) {
  switch (rule) {
    case KeyRule::kRead:
      return "read";
    case KeyRule::kFeature:
      return "feature that is off";
    case KeyRule::kOtherName:
      return "other name";
    case KeyRule::kClass:
      return "class";
    case KeyRule::kIrrelevant:
      return "irrelevant";
    case KeyRule::kRefused:
      return "refused";
    case KeyRule::kUnknown:
      return "unknown";
  }
  return "";
}

// Every key that transformers' classes know is decided on: transformers.json is what
// tools/dev/model_config_keys.py writes of them.
TEST(ModelKeys, OfTransformersClassesAreAllDecidedOn) {
  const auto known = nlohmann::json::parse(read_file(MOEBENCH_GOLDEN_FOLDER "/transformers.json"));
  std::string text;
  for (const std::string& type : names<ModelType>()) {
    ASSERT_TRUE(known.contains(type)) << type;
    std::map<std::string, std::string> keys_by_rule;
    std::istringstream keys(known[type]["keys"].get<std::string>());
    for (std::string key; keys >> key;) {
      const KeyRule rule = key_rule(key, *find_named<ModelType>(type));
      EXPECT_NE(rule, KeyRule::kUnknown) << key << " of " << type;
      // Those that all have and that say nothing would hide the others.
      const bool is_of_all = key_rule(key, ModelType::kMixtral) == rule &&
                             key_rule(key, ModelType::kDeepseekV3) == rule;
      if (rule != KeyRule::kIrrelevant || !is_of_all) keys_by_rule[name_of(rule)] += " " + key;
    }
    text += type + "\n";
    for (const auto& [rule, all] : keys_by_rule) text += "  " + rule + ":" + all + "\n";
  }
  expect_golden("model_keys.txt", text);
}

}  // namespace
}  // namespace moebench::config
