#include "harness/config/rope.h"

#include <gtest/gtest.h>

#include <cmath>

namespace moebench::config {
namespace {

// The expected values are those of transformers 5.23.0 for heads of 16, in fp32:
//   config = LlamaConfig(hidden_size=64, num_attention_heads=4, head_dim=16, rope_parameters=
//                        {"rope_type": "yarn", "rope_theta": 1e4, "factor": 40.0, ...})
//   ROPE_INIT_FUNCTIONS["yarn"](config, "cpu")
void expect_near(const RopeFrequencies& got, const std::vector<double>& inverse, double factor) {
  ASSERT_EQ(got.inverse.size(), inverse.size());
  for (std::size_t i = 0; i < inverse.size(); ++i) {
    EXPECT_NEAR(got.inverse[i], inverse[i], 1e-6 * inverse[i]) << "pair " << i;
  }
  EXPECT_NEAR(got.factor, factor, 1e-8);
}

ModelConfig heads_of_16(double theta, RopeScaling scaling) {
  ModelConfig model;
  model.head_dim = 16;
  model.rope_theta = theta;
  model.rope.scaling = scaling;
  return model;
}

ModelConfig yarn(double theta, double factor, std::int64_t original_positions) {
  ModelConfig model = heads_of_16(theta, RopeScaling::kYarn);
  model.rope.factor = factor;
  model.rope.original_positions = original_positions;
  return model;
}

TEST(RopeFrequencies, ArePowersOfTheta) {
  ModelConfig model = heads_of_16(1e4, RopeScaling::kNone);
  const RopeFrequencies all = rope_frequencies(model);
  ASSERT_EQ(all.inverse.size(), 8u);
  EXPECT_EQ(all.inverse[0], 1);
  EXPECT_DOUBLE_EQ(all.inverse[4], 0.01);
  EXPECT_EQ(all.factor, 1);
  model.rope.rotary_dim = 8;
  const RopeFrequencies part = rope_frequencies(model);
  ASSERT_EQ(part.inverse.size(), 4u);
  EXPECT_DOUBLE_EQ(part.inverse[1], 0.1);
}

TEST(RopeFrequencies, AreDividedByALinearScaling) {
  ModelConfig model = heads_of_16(1e4, RopeScaling::kLinear);
  model.rope.factor = 4;
  expect_near(rope_frequencies(model),
              {0.25, 0.079056941, 0.0250000004, 0.00790569466, 0.00249999994, 0.000790569466,
               0.000250000012, 7.90569466e-05},
              1);
  model.rope.rotary_dim = 8;  // partial_rotary_factor 0.5
  expect_near(rope_frequencies(model), {0.25, 0.0250000004, 0.00249999994, 0.000250000012}, 1);
}

TEST(RopeFrequencies, AreThoseOfLlama3) {
  ModelConfig model = heads_of_16(5e5, RopeScaling::kLlama3);
  model.rope.factor = 8;
  model.rope.low_freq_factor = 1;
  model.rope.high_freq_factor = 4;
  model.rope.original_positions = 8192;
  expect_near(rope_frequencies(model),
              {1, 0.193922758, 0.0376060307, 0.00729266508, 0.000524846022, 3.42810235e-05,
               6.64786967e-06, 1.28917316e-06},
              1);
}

TEST(RopeFrequencies, AreThoseOfYarn) {
  ModelConfig whole = yarn(1.5e5, 32, 4096);
  whole.rope.truncate = false;
  expect_near(rope_frequencies(whole),
              {1, 0.225418001, 0.0508132726, 0.00679495931, 0.000456483918, 1.8188337e-05,
               4.09997847e-06, 9.24208962e-07},
              1.346573590);

  ModelConfig mscale = yarn(1e4, 40, 4096);
  mscale.rope.mscale = 1;
  mscale.rope.mscale_all_dim = 0.707;
  expect_near(rope_frequencies(mscale),
              {1, 0.316227764, 0.100000001, 0.0239147246, 0.00512499968, 0.000849862176,
               2.49999994e-05, 7.90569447e-06},
              1.085726399);

  ModelConfig step = yarn(1e4, 40, 64);  // the ramp has no length
  step.rope.beta_fast = 2;
  step.rope.beta_slow = 1.5;
  step.rope.attention_factor = 0.75;
  expect_near(rope_frequencies(step),
              {1, 0.316227764, 0.00249999994, 0.000790569466, 0.000250000012, 7.90569466e-05,
               2.49999994e-05, 7.90569447e-06},
              0.75);
}

TEST(ScoreScale, IsTheMultiplierOrOfTheHead) {
  ModelConfig model = heads_of_16(1e4, RopeScaling::kNone);
  EXPECT_EQ(score_scale(model), 0.25);
  model.attention_multiplier = -0.3;
  EXPECT_EQ(score_scale(model), -0.3);
}

TEST(ScoreScale, GrowsWithYarnInLatentAttention) {
  ModelConfig model = yarn(1e4, 40, 4096);
  model.rope.mscale_all_dim = 0.707;
  EXPECT_EQ(score_scale(model), 0.25);
  model.kv_lora_rank = 32;
  model.qk_rope_head_dim = 4;
  const double grown = 0.1 * 0.707 * std::log(40.0) + 1;
  EXPECT_DOUBLE_EQ(score_scale(model), 0.25 * grown * grown);
  model.rope.mscale_all_dim = 0;
  EXPECT_EQ(score_scale(model), 0.25);
}

}  // namespace
}  // namespace moebench::config
