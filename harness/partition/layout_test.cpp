#include "harness/partition/layout.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "harness/testing/models.h"

namespace moebench::partition {
namespace {

config::ModelConfig small_granite() {
  config::ModelConfig model = small_model();
  model.type = config::ModelType::kGraniteMoe;
  model.tie_word_embeddings = true;
  return model;
}

std::int64_t product(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

void expect_every_element_once(const config::ModelConfig& model) {
  std::map<std::string, std::int64_t> covered;  // elements of a parameter, from its first on
  const auto count = [&](const Layout& layout) {
    std::int64_t next = 0;
    for (const Slot& slot : layout.slots) {
      EXPECT_EQ(slot.offset, next);
      next += slot.num_elements;
      std::int64_t& end = covered[slot.parameter.name];
      EXPECT_EQ(slot.parameter_begin, end) << slot.parameter.name;
      end += slot.num_elements;
      EXPECT_EQ(product(slot.shape()), slot.num_elements);
    }
    EXPECT_EQ(layout.num_elements, next);
  };
  count(root_layout(model));
  count(concatenate(dense_layout(model, 0), expert_layout(model, 0, {0, 4})));
  count(frozen_layout(model, 0));
  count(concatenate(dense_layout(model, 1), frozen_layout(model, 1)));
  count(expert_layout(model, 1, {0, 2}));
  count(expert_layout(model, 1, {2, 4}));

  const auto all = model_parameters(model);
  EXPECT_EQ(covered.size(), all.size());
  for (const auto& p : all) EXPECT_EQ(covered.at(p.name), p.num_elements()) << p.name;
}

TEST(Layout, CoversEveryElementOfMixtralOnce) { expect_every_element_once(small_model()); }

TEST(Layout, CoversEveryElementOfGraniteMoeOnce) { expect_every_element_once(small_granite()); }

TEST(Layout, CoversEveryElementOfEveryTypeOnce) {
  for (const auto type : kValues<config::ModelType>) {
    config::ModelConfig model = small_model();
    model.type = type;
    model.qkv_bias = model.o_bias = model.attention_sinks = model.router_bias = true;
    model.qk_norm = config::QkNorm::kPerHead;
    model.expert_bias = type == config::ModelType::kGptOss;
    model.shared_intermediate_size = 20;
    model.shared_gate = model.router_correction = true;
    SCOPED_TRACE(to_string(type));
    expect_every_element_once(model);
    model.kv_lora_rank = 6;
    model.q_lora_rank = 5;
    model.qk_nope_head_dim = model.qk_rope_head_dim = 2;
    model.v_head_dim = 3;
    expect_every_element_once(model);
    model.dense_layers = {0};
    model.dense_intermediate_size = 44;
    expect_every_element_once(model);
  }
}

TEST(Layout, PutsWhatIsNotTrainedBehindAllElse) {
  config::ModelConfig model = small_model();
  model.router_correction = true;
  const Layout experts = expert_layout(model, 0, {0, 4});
  const Layout all =
      concatenate(concatenate(dense_layout(model, 0), experts), frozen_layout(model, 0));
  EXPECT_EQ(all.slots.back().parameter.role, Role::kRouterCorrection);
  EXPECT_EQ(all.num_trained(), all.num_elements - 4);
  EXPECT_EQ(experts.num_trained(), experts.num_elements);
}

// The buffer of experts is the same for both types: only the names of its parts differ.
TEST(Layout, CutsStacksToTheExpertsOfARank) {
  const Layout layout = expert_layout(small_granite(), 1, {2, 4});
  ASSERT_EQ(layout.slots.size(), 2);
  EXPECT_EQ(layout.slots[0].parameter.name, "model.layers.1.block_sparse_moe.input_linear.weight");
  EXPECT_EQ(layout.slots[0].shape(), std::vector<std::int64_t>({2, 48, 16}));
  EXPECT_EQ(layout.slots[0].parameter_begin, 2 * 48 * 16);
  EXPECT_EQ(layout.slots[1].offset, 2 * 48 * 16);
  EXPECT_EQ(layout.slots[1].parameter_begin, 2 * 16 * 24);
  EXPECT_EQ(layout.num_elements, expert_layout(small_model(), 1, {2, 4}).num_elements);
}

}  // namespace
}  // namespace moebench::partition
