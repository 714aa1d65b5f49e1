#include "harness/config/model_override.h"

#include <nlohmann/json.hpp>

#include "harness/config/config_testing.h"
#include "harness/config/fields.h"
#include "harness/config/scenario.h"

namespace moebench::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ModelOverride : public ::testing::Test {
 protected:
  ModelOverride() { folder_.write("models/tiny.json", kTinyModel); }

  // Of a scenario with that value of axis model, which stands on line 3.
  std::vector<CellConfig> cells(const std::string& model, const std::string& more = "") const {
    const auto file =
        folder_.write("s.yaml", "scenarios:\n- name: s\n  axes: {model: " + model + "}\n" + more);
    return load_scenarios(file).front().cells;
  }
  std::string error(const std::string& model) const {
    return error_of([&] { cells(model); });
  }
  ModelConfig model(const std::string& keys) const {
    return cells("{base: tiny, " + keys + "}").front().model;
  }

  TestFolder folder_;
};

TEST_F(ModelOverride, SetsKeysOfABase) {
  const ModelConfig one = model("num_hidden_layers: 5");
  EXPECT_EQ(one.name, "tiny(num_hidden_layers=5)");
  EXPECT_EQ(one.num_layers, 5);
  EXPECT_EQ(one.hidden_size, 64);
  const ModelConfig two = model("vocab_size: 512, num_hidden_layers: 1, rope_theta: 5e5");
  EXPECT_EQ(two.name, "tiny(num_hidden_layers=1 rope_theta=500000.0 vocab_size=512)");
  EXPECT_EQ(two.rope_theta, 5e5);
  EXPECT_TRUE(model("tie_word_embeddings: true").tie_word_embeddings);
  EXPECT_EQ(model("model_type: granitemoe, logits_scaling: 6.0").logits_scaling, 6);
  EXPECT_EQ(model("rope_scaling: {type: default, rope_theta: 7}").rope_theta, 7);
  EXPECT_EQ(model("num_key_value_heads: null").num_kv_heads, 4);
}

TEST_F(ModelOverride, IsOneValueAmongOthers) {
  const auto all = cells("[tiny, {base: tiny, num_local_experts: 16}]");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].axes().front().second, "tiny");
  EXPECT_EQ(all[1].axes().front().second, "tiny(num_local_experts=16)");
  EXPECT_NE(all[0].id(), all[1].id());
  EXPECT_NE(all[0].workload(), all[1].workload());
}

TEST_F(ModelOverride, TheOrderOfKeysAndTheBasesOwnValuesAreNoOtherModel) {
  const auto one = cells("{base: tiny, vocab_size: 512, num_hidden_layers: 1}").front();
  const auto other =
      cells("{num_hidden_layers: 1, vocab_size: 512, hidden_size: 64, base: tiny}").front();
  EXPECT_EQ(one.id(), other.id());
  const auto same = cells("{base: tiny, num_hidden_layers: 2, head_dim: null}").front();
  EXPECT_EQ(same.id(), cells("tiny").front().id());
  EXPECT_EQ(same.model.overridden, nullptr);
  EXPECT_THAT(error("[tiny, {base: tiny, num_hidden_layers: 2}]"), HasSubstr("lists 'tiny' twice"));
}

TEST_F(ModelOverride, RanksReadTheSameModel) {
  const auto cell = cells("{base: tiny, num_hidden_layers: 5}").front();
  const auto file = folder_.path() / "cell.yaml";
  write_cell(cell, file);
  EXPECT_EQ(read_cell(file).id(), cell.id());
  EXPECT_EQ(read_cell(file).model.num_layers, 5);
}

TEST_F(ModelOverride, ItsTextIsAConfigOfItsOwn) {
  const ModelConfig changed = model("num_hidden_layers: 5, rope_scaling: {type: default}");
  ASSERT_NE(changed.overridden, nullptr);
  const auto json = nlohmann::json::parse(*changed.overridden);
  EXPECT_EQ(json["num_hidden_layers"], 5);
  EXPECT_EQ(json["vocab_size"], 256);
  EXPECT_EQ(json["rope_scaling"]["type"], "default");
  const ModelConfig again = load_model_config(folder_.write("other.json", *changed.overridden));
  EXPECT_EQ(again.num_layers, 5);
  EXPECT_EQ(again.vocab_size, changed.vocab_size);
}

TEST_F(ModelOverride, MakesAModelTrainableWhoseFileIsNot) {
  folder_.write("models/dropout.json",
                std::string(kTinyModel).insert(2, "\"attention_dropout\": 0.1,"));
  EXPECT_THAT(error("dropout"), HasSubstr("dropout.json:2: key 'attention_dropout'"));
  EXPECT_EQ(cells("{base: dropout, attention_dropout: 0}").front().model.name,
            "dropout(attention_dropout=0)");
}

TEST_F(ModelOverride, ErrorsNameThePlaceInTheScenario) {
  EXPECT_THAT(error("{base: tiny, num_hiden_layers: 5}"),
              HasSubstr("s.yaml:3: unknown key 'num_hiden_layers' of a mixtral model; did you mean "
                        "'num_hidden_layers'?"));
  EXPECT_THAT(
      error("{base: tiny, num_hidden_layers: '5'}"),
      HasSubstr("s.yaml:3: key 'num_hidden_layers': expected an integer from 1 to 10000000, "
                "got the text \"5\"; remove the quotes"));
  EXPECT_THAT(error("{base: tiny, num_hidden_layers: 0}"), HasSubstr("expected an integer from 1"));
  EXPECT_THAT(error("{base: tiny, use_cache: false}"),
              HasSubstr("s.yaml:3: key 'use_cache': says nothing of what is trained; remove it"));
  EXPECT_THAT(error("{base: tiny, kv_lora_rank: 512}"),
              HasSubstr("s.yaml:3: key 'kv_lora_rank': 512 means latent attention"));
  EXPECT_THAT(error("{base: tiny, rope_scaling: {type: dynamic}}"),
              HasSubstr("s.yaml:3: key 'rope_scaling': unsupported type 'dynamic'"));
  EXPECT_THAT(error("{base: tiny, num_hidden_layers: 1, num_hidden_layers: 3}"),
              HasSubstr("written twice"));
}

// Of the file's keys one is wrong, but only with what the scenario sets.
TEST_F(ModelOverride, ErrorsOfBothNameBoth) {
  EXPECT_THAT(error("{base: tiny, num_local_experts: 1}"),
              AllOf(HasSubstr("s.yaml:3: "),
                    HasSubstr("tiny.json:3: key 'num_experts_per_tok': 2 "
                              "is more than num_local_experts 1"),
                    HasSubstr("tiny(num_local_experts=1)")));
  folder_.write("models/theta.json",
                std::string(kTinyModel).insert(2, "\"rope_parameters\": {\"rope_theta\": 7},"));
  EXPECT_THAT(error("{base: theta, rope_theta: 5.0}"),
              HasSubstr("the model has it in rope_parameters; write rope_parameters: {rope_theta: "
                        "5.0}"));
}

TEST_F(ModelOverride, NeedsABaseAndAKey) {
  EXPECT_THAT(error("{num_hidden_layers: 2}"), HasSubstr("key 'base' is missing"));
  EXPECT_THAT(error("{base: tiny}"), HasSubstr("sets no key of its base"));
  EXPECT_THAT(error("{base: tinny, num_hidden_layers: 2}"),
              AllOf(HasSubstr("s.yaml:3: "), HasSubstr("no model 'tinny'")));
  EXPECT_THAT(error("{base: tiny, torch_dtype: " + std::string(200, 'x') + "}"),
              HasSubstr("says nothing"));
}

TEST_F(ModelOverride, CountsInConditions) {
  const auto left = cells("[tiny, {base: tiny, num_hidden_layers: 1}]",
                          "  exclude: [{model: {base: tiny, num_hidden_layers: 1}}]\n");
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].model.name, "tiny");
}

TEST_F(ModelOverride, ModelsOfOneNameAreToldApart) {
  folder_.write("a/m/config.json", kTinyModel);
  folder_.write("b/m/config.json",
                std::string(kTinyModel).replace(std::string(kTinyModel).find("256"), 3, "512"));
  const auto all = cells("[{base: a/m, num_hidden_layers: 1}, {base: b/m, num_hidden_layers: 1}]");
  EXPECT_EQ(all[0].axes().front().second, "a/m(num_hidden_layers=1)");
  EXPECT_EQ(all[1].axes().front().second, "b/m(num_hidden_layers=1)");
}

}  // namespace
}  // namespace moebench::config
