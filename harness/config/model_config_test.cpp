#include "harness/config/cell.h"
#include "harness/config/config_testing.h"

namespace moebench::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// kTinyModel with further keys, or with another value of a key it has.
ModelConfig load_changed(const std::string& more, const std::string& from = "",
                         const std::string& to = "") {
  const TestFolder folder;
  std::string text = kTinyModel;
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  if (!more.empty()) text.insert(text.rfind('\n'), ",\n\t" + more);
  return load_model_config(folder.write("tiny-v0.1.json", text));
}

TEST(ModelConfig, ReadsDimensionsAndDefaults) {
  const ModelConfig model = load_changed("");
  EXPECT_EQ(model.name, "tiny-v0.1");
  EXPECT_EQ(model.hidden_size, 64);
  EXPECT_EQ(model.num_kv_heads, 2);
  EXPECT_EQ(model.head_dim, 16);
  EXPECT_EQ(model.rope_theta, 1e6);
  EXPECT_EQ(model.router_aux_loss_coef, 0.001);
  EXPECT_FALSE(model.tie_word_embeddings);
}

TEST(ModelConfig, AcceptsWhatHuggingFaceWrites) {
  const ModelConfig model = load_changed(
      "\"architectures\": [\"MixtralForCausalLM\"], \"head_dim\": null, \"rope_theta\": 5e5,\n"
      "\"sliding_window\": 4096, \"_name_or_path\": \"a\\/b\", \"eos_token_id\": [1, 2],\n"
      "\"id2label\": {\"0\": \"x\"}, \"rms_norm_eps\": 1e-06, \"tie_word_embeddings\": true");
  EXPECT_EQ(model.head_dim, 16);
  EXPECT_EQ(model.rope_theta, 5e5);
  EXPECT_EQ(model.rms_norm_eps, 1e-6);
  EXPECT_EQ(model.sliding_window, 4096);
  EXPECT_TRUE(model.tie_word_embeddings);
  EXPECT_EQ(load_changed("\"head_dim\": 32").head_dim, 32);
  EXPECT_EQ(load_changed("\"rope_parameters\": {\"rope_theta\": 7.0, \"rope_type\": \"default\"}")
                .rope_theta,
            7);
}

TEST(ModelConfig, ReadsGraniteMoe) {
  const ModelConfig plain = load_changed("", "mixtral", "granitemoe");
  EXPECT_EQ(plain.type, ModelType::kGraniteMoe);
  EXPECT_EQ(plain.rope_theta, 1e4);
  EXPECT_EQ(plain.rms_norm_eps, 1e-6);
  EXPECT_EQ(plain.attention_multiplier, 1);  // as transformers assumes, not 1 / sqrt(head_dim)
  EXPECT_EQ(plain.pad_token_id, -1);
  const ModelConfig model = load_changed(
      "\"attention_bias\": false, \"attention_multiplier\": 0.015625, \"pad_token_id\": 0,\n"
      "\"embedding_multiplier\": 12.0, \"logits_scaling\": 6.0, \"residual_multiplier\": 0.22",
      "mixtral", "granitemoe");
  EXPECT_EQ(model.attention_multiplier, 0.015625);
  EXPECT_EQ(model.embedding_multiplier, 12);
  EXPECT_EQ(model.logits_scaling, 6);
  EXPECT_EQ(model.residual_multiplier, 0.22);
  EXPECT_EQ(model.pad_token_id, 0);
}

TEST(ModelConfig, ReadsThePublishedGraniteMoe) {
  const auto folder = std::filesystem::path(MOEBENCH_SCENARIO_FOLDER) / "models";
  const ModelConfig model = load_model_config(folder / "granite-3.0-3b-a800m.json");
  EXPECT_EQ(model.type, ModelType::kGraniteMoe);
  EXPECT_EQ(model.head_dim, 64);
  EXPECT_EQ(model.num_experts, 40);
  EXPECT_EQ(model.top_k, 8);
  EXPECT_EQ(model.attention_multiplier, 1.0 / 64);
  EXPECT_TRUE(model.tie_word_embeddings);
}

TEST(ModelConfig, MultipliersBelongToGraniteMoe) {
  const ModelConfig model = load_changed("\"pad_token_id\": -1");
  EXPECT_EQ(model.logits_scaling, 1);
  EXPECT_EQ(model.attention_multiplier, 0);
  EXPECT_EQ(model.pad_token_id, 255);  // counted from the end of the table
}

TEST(ModelConfig, FolderNamesTheModel) {
  const TestFolder folder;
  folder.write("my-model/config.json", kTinyModel);
  EXPECT_EQ(load_model_config(folder.path() / "my-model/config.json").name, "my-model");
}

TEST(ModelConfig, RejectsWhatItCannotCompute) {
  EXPECT_THAT(
      error_of([] { load_changed("", "mixtral", "llama"); }),
      HasSubstr(
          "tiny-v0.1.json:2: key 'model_type': unsupported model_type 'llama'; this "
          "version reads \"mixtral\", \"granitemoe\", \"qwen3_moe\", \"qwen2_moe\", \"olmoe\", "
          "\"granitemoeshared\", \"glm4_moe\", \"deepseek_v2\", \"deepseek_v3\", "
          "\"gpt_oss\""));
  EXPECT_THAT(error_of([] { load_changed("\"hidden_act\": \"gelu\""); }), HasSubstr("'gelu'"));
  EXPECT_THAT(error_of([] { load_changed("\"attention_dropout\": 0.1"); }),
              HasSubstr("set it to 0"));
  EXPECT_THAT(error_of([] { load_changed("\"attention_bias\": true"); }),
              HasSubstr("set it to false"));
  EXPECT_THAT(error_of([] { load_changed("\"logits_scaling\": 0", "mixtral", "granitemoe"); }),
              HasSubstr("key 'logits_scaling': must not be 0"));
  EXPECT_THAT(
      error_of([] { load_changed("\"attention_multiplier\": 0.0", "mixtral", "granitemoe"); }),
      HasSubstr("key 'attention_multiplier': must not be 0"));
  EXPECT_THAT(error_of([] { load_changed("\"pad_token_id\": 256"); }),
              HasSubstr("key 'pad_token_id'"));
}

TEST(ModelConfig, DefaultsAndOtherNamesAreThoseOfTransformers) {
  EXPECT_EQ(
      load_changed("", "\"num_key_value_heads\": 2", "\"num_key_value_heads\": null").num_kv_heads,
      4);
  const std::string kv_heads = "\"num_key_value_heads\": 2, ";
  EXPECT_THAT(error_of([&] { load_changed("", kv_heads, ""); }),
              HasSubstr("key 'num_key_value_heads', by default: 8 does not divide"));
  EXPECT_EQ(
      load_changed("", "\"num_local_experts\": 8, \"num_experts_per_tok\": 2, ", "").num_experts,
      8);
  EXPECT_EQ(load_changed("", "\"num_local_experts\": 8", "\"num_experts\": 6").num_experts, 6);
  EXPECT_EQ(load_changed("\"num_experts\": 8").num_experts, 8);
  EXPECT_THAT(error_of([] { load_changed("\"num_experts\": 6"); }),
              HasSubstr("key 'num_experts': num_local_experts is 8; remove one of the two"));
  const std::string positions = ", \"max_position_embeddings\": 1024";
  EXPECT_EQ(load_changed("", positions, "").max_position_embeddings, 131072);
  EXPECT_EQ(load_changed("\"hidden_act\": \"swish\"").head_dim, 16);
  // 65 is no multiple of 4 heads: transformers divides and drops the rest.
  EXPECT_EQ(load_changed("", "\"hidden_size\": 64", "\"hidden_size\": 65").head_dim, 16);
  EXPECT_EQ(load_changed("\"head_dim\": 8", "\"hidden_size\": 64", "\"hidden_size\": 66").head_dim,
            8);
}

TEST(ModelConfig, MultipliersMayBeNegative) {
  const ModelConfig model = load_changed(
      "\"attention_multiplier\": -0.5, \"embedding_multiplier\": -12, \"logits_scaling\": -6.0,\n"
      "\"residual_multiplier\": 0",
      "mixtral", "granitemoe");
  EXPECT_EQ(model.attention_multiplier, -0.5);
  EXPECT_EQ(model.embedding_multiplier, -12);
  EXPECT_EQ(model.logits_scaling, -6);
  EXPECT_EQ(model.residual_multiplier, 0);
}

TEST(ModelConfig, KnowsWhetherTheAuxiliaryLossIsTrainedOn) {
  EXPECT_FALSE(load_changed("").output_router_logits);
  EXPECT_FALSE(load_changed("\"output_router_logits\": null").output_router_logits);
  EXPECT_TRUE(load_changed("\"output_router_logits\": true").output_router_logits);
  EXPECT_THAT(error_of([] { load_changed("\"output_router_logits\": 1"); }),
              HasSubstr("expected true or false, got 1"));
}

// Keys of published configurations and of fine-tunes of them.
TEST(ModelConfig, ReadsWhatIsPublished) {
  const ModelConfig mixtral = load_changed(
      "\"architectures\": [\"MixtralForCausalLM\"], \"attention_dropout\": 0.0,\n"
      "\"bos_token_id\": 1, \"eos_token_id\": 2, \"hidden_act\": \"silu\",\n"
      "\"initializer_range\": 0.02, \"output_router_logits\": false, \"rms_norm_eps\": 1e-05,\n"
      "\"rope_theta\": 1000000.0, \"router_aux_loss_coef\": 0.001, \"sliding_window\": null,\n"
      "\"tie_word_embeddings\": false, \"torch_dtype\": \"bfloat16\", \"use_cache\": true,\n"
      "\"transformers_version\": \"4.38.0.dev0\", \"_name_or_path\": \"/data\\u00e9\",\n"
      "\"pretraining_tp\": 1, \"unsloth_version\": \"2024.9\", \"router_jitter_noise\": 0.0,\n"
      "\"auto_map\": {\"AutoConfig\": \"c.C\"}, \"dtype\": \"bfloat16\", \"max_length\": 4096,\n"
      "\"_attn_implementation_autoset\": true, \"note\": \"\\ud83d\\ude00\"");
  EXPECT_EQ(mixtral.router_aux_loss_coef, 0.001);
  const ModelConfig granite = load_changed(
      "\"architectures\": [\"GraniteMoeForCausalLM\"], \"attention_bias\": false,\n"
      "\"attention_multiplier\": 0.015625, \"embedding_multiplier\": 12.0, \"bos_token_id\": 0,\n"
      "\"logits_scaling\": 6.0, \"pad_token_id\": 0, \"residual_multiplier\": 0.22,\n"
      "\"rope_scaling\": null, \"rope_theta\": 10000, \"router_aux_loss_coef\": 0.0,\n"
      "\"tie_word_embeddings\": true, \"use_cache\": true, \"eos_token_id\": [0, 1]",
      "mixtral", "granitemoe");
  EXPECT_EQ(granite.router_aux_loss_coef, 0);
}

TEST(ModelConfig, IsReadAsJson) {
  EXPECT_THAT(error_of([] { load_changed("\"rms_norm_eps\": NaN"); }),
              AllOf(HasSubstr("tiny-v0.1.json:5: no well-formed JSON"), HasSubstr("no NaN")));
  EXPECT_THAT(error_of([] { load_changed("\"vocab_size\": 512"); }),
              HasSubstr("tiny-v0.1.json:5: key 'vocab_size' appears twice"));
  EXPECT_THAT(error_of([] { load_changed("rms_norm_eps: 1"); }), HasSubstr("tiny-v0.1.json:5: "));
}

TEST(ModelConfig, RejectsImpossibleDimensions) {
  EXPECT_THAT(error_of([] {
                load_changed("", "\"num_experts_per_tok\": 2", "\"num_experts_per_tok\": 9");
              }),
              HasSubstr("9 is more than num_local_experts 8"));
  EXPECT_THAT(error_of([] {
                load_changed("", "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3");
              }),
              HasSubstr("3 does not divide num_attention_heads 4"));
  EXPECT_THAT(error_of([] { load_changed("", "\"hidden_size\": 64", "\"hidden_size\": 3"); }),
              HasSubstr("set head_dim"));
  EXPECT_THAT(error_of([] { load_changed("", "\"hidden_size\": 64", "\"hidden_size\": null"); }),
              HasSubstr("key 'hidden_size' is null; set it"));
  EXPECT_THAT(error_of([] { load_changed("\"head_dim\": 15"); }), HasSubstr("odd"));
  EXPECT_THAT(error_of([] { load_changed("", "\"vocab_size\": 256", "\"vocab_size\": \"256\""); }),
              HasSubstr("remove the quotes"));
  EXPECT_THAT(error_of([] { load_changed("", "\"vocab_size\": 256, ", ""); }),
              HasSubstr("key 'vocab_size' is missing"));
  EXPECT_THAT(error_of([] {
                load_changed("", "\"intermediate_size\": 128", "\"intermediate_size\": 99999999");
              }),
              HasSubstr("key 'intermediate_size'"));
}

}  // namespace
}  // namespace moebench::config
