#include "harness/config/cell.h"
#include "harness/config/config_test_util.h"

namespace moebench::config {
namespace {

using ::testing::HasSubstr;

// kTinyModel with further keys, or with another value of a key it has.
ModelConfig load(const std::string& more, const std::string& from = "",
                 const std::string& to = "") {
  const TempFolder folder;
  std::string text = kTinyModel;
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  if (!more.empty()) text.insert(text.rfind('\n'), ",\n\t" + more);
  return load_model_config(folder.write("tiny-v0.1.json", text));
}

TEST(ModelConfig, ReadsDimensionsAndDefaults) {
  const ModelConfig model = load("");
  EXPECT_EQ(model.name, "tiny-v0.1");
  EXPECT_EQ(model.hidden_size, 64);
  EXPECT_EQ(model.num_kv_heads, 2);
  EXPECT_EQ(model.head_dim, 16);
  EXPECT_EQ(model.rope_theta, 1e6);
  EXPECT_EQ(model.router_aux_loss_coef, 0.001);
  EXPECT_FALSE(model.tie_word_embeddings);
}

TEST(ModelConfig, AcceptsWhatHuggingFaceWrites) {
  const ModelConfig model = load(
      "\"architectures\": [\"MixtralForCausalLM\"], \"head_dim\": null, \"rope_theta\": 5e5,\n"
      "\"sliding_window\": 4096, \"_name_or_path\": \"a\\/b\", \"eos_token_id\": [1, 2],\n"
      "\"id2label\": {\"0\": \"x\"}, \"rms_norm_eps\": 1e-06, \"tie_word_embeddings\": true");
  EXPECT_EQ(model.head_dim, 16);
  EXPECT_EQ(model.rope_theta, 5e5);
  EXPECT_EQ(model.rms_norm_eps, 1e-6);
  EXPECT_EQ(model.sliding_window, 4096);
  EXPECT_TRUE(model.tie_word_embeddings);
  EXPECT_EQ(load("\"head_dim\": 32").head_dim, 32);
  EXPECT_EQ(
      load("\"rope_parameters\": {\"rope_theta\": 7.0, \"rope_type\": \"default\"}").rope_theta, 7);
}

TEST(ModelConfig, FolderNamesTheModel) {
  const TempFolder folder;
  folder.write("my-model/config.json", kTinyModel);
  EXPECT_EQ(load_model_config(folder.path() / "my-model/config.json").name, "my-model");
}

TEST(ModelConfig, RejectsWhatItCannotCompute) {
  EXPECT_THAT(error_of([] { load("", "mixtral", "llama"); }),
              HasSubstr("tiny-v0.1.json:2: key 'model_type': unsupported model_type 'llama'; this "
                        "version reads \"mixtral\""));
  EXPECT_THAT(error_of([] { load("\"hidden_act\": \"gelu\""); }), HasSubstr("'gelu'"));
  EXPECT_THAT(error_of([] { load("\"rope_scaling\": {\"type\": \"linear\"}"); }),
              HasSubstr("key 'rope_scaling'"));
  EXPECT_THAT(error_of([] { load("\"attention_dropout\": 0.1"); }), HasSubstr("set it to 0"));
  EXPECT_THAT(error_of([] { load("\"rope_parameters\": {\"rope_type\": \"yarn\"}"); }),
              HasSubstr("'yarn'"));
}

TEST(ModelConfig, RejectsImpossibleDimensions) {
  EXPECT_THAT(
      error_of([] { load("", "\"num_experts_per_tok\": 2", "\"num_experts_per_tok\": 9"); }),
      HasSubstr("9 is more than num_local_experts 8"));
  EXPECT_THAT(
      error_of([] { load("", "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3"); }),
      HasSubstr("3 does not divide num_attention_heads 4"));
  EXPECT_THAT(error_of([] { load("", "\"hidden_size\": 64", "\"hidden_size\": 66"); }),
              HasSubstr("set head_dim"));
  EXPECT_THAT(error_of([] { load("\"head_dim\": 15"); }), HasSubstr("odd"));
  EXPECT_THAT(error_of([] { load("", "\"vocab_size\": 256", "\"vocab_size\": \"256\""); }),
              HasSubstr("remove the quotes"));
  EXPECT_THAT(error_of([] { load("", "\"vocab_size\": 256, ", ""); }),
              HasSubstr("key 'vocab_size' is missing"));
  EXPECT_THAT(
      error_of([] { load("", "\"intermediate_size\": 128", "\"intermediate_size\": 99999999"); }),
      HasSubstr("key 'intermediate_size'"));
}

}  // namespace
}  // namespace moebench::config
