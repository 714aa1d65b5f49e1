#include "harness/weights/stored_names.h"

#include <gmock/gmock.h>

namespace moebench::weights {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> names_in(const std::vector<StoredForm>& forms) {
  std::vector<std::string> names;
  for (const StoredForm& form : forms) names.push_back(form.tensor);
  return names;
}

TEST(StoredForms, BeginWithTheParameterItself) {
  EXPECT_THAT(names_in(stored_forms("lm_head.weight", {7, 3})), ElementsAre("lm_head.weight"));
  EXPECT_TRUE(stored_forms("lm_head.weight", {7, 3})[0].fits({7, 3}));
  EXPECT_FALSE(stored_forms("lm_head.weight", {7, 3})[0].fits({3, 7}));
}

TEST(StoredForms, FindAnExpertInTheStackOfAll) {
  const auto gate = stored_forms("model.layers.4.mlp.experts.2.gate_proj.weight", {5, 3});
  ASSERT_EQ(gate.size(), 2u);
  EXPECT_EQ(gate[1].tensor, "model.layers.4.mlp.experts.gate_up_proj");
  EXPECT_EQ(gate[1].begin, 2 * 2 * 15);
  EXPECT_TRUE(gate[1].fits({3, 10, 3}));
  EXPECT_TRUE(gate[1].fits({8, 10, 3}));
  EXPECT_FALSE(gate[1].fits({2, 10, 3})) << "there is no expert 2";
  EXPECT_FALSE(gate[1].fits({8, 3, 10}));
  const auto up = stored_forms("model.layers.4.mlp.experts.2.up_proj.weight", {5, 3});
  EXPECT_EQ(up[1].begin, 5 * 15);
  const auto down = stored_forms("model.layers.4.mlp.experts.11.down_proj.weight", {3, 5});
  EXPECT_EQ(down[1].tensor, "model.layers.4.mlp.experts.down_proj");
  EXPECT_EQ(down[1].begin, 11 * 15);
  EXPECT_TRUE(down[1].fits({12, 3, 5}));
}

TEST(StoredForms, KnowTheNamesThatTransformers5HasInMemory) {
  const std::string mixtral = "model.layers.0.block_sparse_moe.";
  EXPECT_THAT(names_in(stored_forms(mixtral + "gate.weight", {4, 3})),
              ElementsAre(mixtral + "gate.weight", "model.layers.0.mlp.gate.weight"));
  const auto up = stored_forms(mixtral + "experts.1.w3.weight", {5, 3});
  EXPECT_EQ(up[1].tensor, "model.layers.0.mlp.experts.gate_up_proj");
  EXPECT_EQ(up[1].begin, 3 * 15);
  EXPECT_THAT(names_in(stored_forms(mixtral + "input_linear.weight", {4, 10, 3})),
              ElementsAre(mixtral + "input_linear.weight", mixtral + "experts.gate_up_proj"));
}

TEST(StoredForms, LeaveOtherNamesAlone) {
  for (const char* name :
       {"model.layers.0.mlp.shared_experts.gate_proj.weight", "experts.weight", "experts.1.weight",
        "model.experts.x.gate_proj.weight", "model.experts.3.gate_proj.bias"}) {
    EXPECT_EQ(stored_forms(name, {5, 3}).size(), 1u) << name;
  }
}

}  // namespace
}  // namespace moebench::weights
