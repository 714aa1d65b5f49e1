#include "harness/estimate/model_size.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace moebench::estimate {
namespace {

using config::load_model_config;

const std::filesystem::path kModelFolder =
    std::filesystem::path(MOEBENCH_SCENARIO_FOLDER) / "models";

TEST(ModelSize, CountsMixtral8x7B) {
  const ModelConfig model = load_model_config(kModelFolder / "Mixtral-8x7B.json");
  EXPECT_EQ(num_parameters(model), 46'702'792'704);
  EXPECT_EQ(num_active_parameters(model), 12'879'925'248);
}

TEST(ModelSize, CountsSmallModelByHand) {
  const ModelConfig model = load_model_config(kModelFolder / "mixtral-small.json");
  const std::int64_t layer = 2 * 512 * (512 + 128) + 8 * 512 + 2 * 512 + 8 * 3 * 512 * 1792;
  EXPECT_EQ(num_parameters(model), 2 * 4096 * 512 + 512 + 4 * layer);
}

TEST(ModelSize, CountsGranite3bA800m) {
  const ModelConfig model = load_model_config(kModelFolder / "granite-3.0-3b-a800m.json");
  const std::int64_t dense = 2 * 1536 * (1536 + 512) + 40 * 1536 + 2 * 1536;
  const std::int64_t expert = 3 * 1536 * 512;
  const std::int64_t root = 49155 * 1536 + 1536;  // the head is the embedding table
  EXPECT_EQ(num_parameters(model), root + 32 * (dense + 40 * expert));
  EXPECT_EQ(num_active_parameters(model), root + 32 * (dense + 8 * expert));
}

TEST(ModelFlops, FollowTheFormula) {
  ModelConfig model = load_model_config(kModelFolder / "mixtral-small.json");
  const double matmul = static_cast<double>(num_active_parameters(model) - 4096 * 512);
  const double attention = 6.0 * 4 * 8 * 64 * 256 * 256;
  const double flops = ModelFlops(model).per_sequence(256);
  EXPECT_DOUBLE_EQ(flops, 6 * matmul * 256 + attention);
  model.tie_word_embeddings = true;  // the table is multiplied all the same
  EXPECT_DOUBLE_EQ(ModelFlops(model).per_sequence(256), flops);
}

TEST(ModelFlops, RecomputedAreTheLayersForward) {
  const ModelConfig model = load_model_config(kModelFolder / "mixtral-small.json");
  const double layers = static_cast<double>(num_active_parameters(model) - 2 * 4096 * 512 - 512);
  EXPECT_DOUBLE_EQ(ModelFlops(model).recomputed(256),
                   2 * layers * 256 + 2.0 * 4 * 8 * 64 * 256 * 256);
}

// By hand: 6 x 8 positions, 3 layers, of which two see a window of 4: 8 x 4 - 4 x 4 / 2 = 24 pairs.
TEST(ModelFlops, CountWindowsAndLatentHeads) {
  ModelConfig model = load_model_config(kModelFolder / "mixtral-small.json");
  model.num_layers = 3;
  model.sliding_window = 4;
  model.full_attention_layers = {1};
  model.kv_lora_rank = 8;
  model.num_heads = 5;
  model.head_dim = 7;
  model.v_head_dim = 3;
  const ModelFlops with(model);
  model.full_attention_layers = {0, 1, 2};
  const ModelFlops without(model);
  EXPECT_DOUBLE_EQ(without.per_sequence(8) - with.per_sequence(8),
                   3 * 2.0 * 5 * (7 + 3) * 2 * (32 - 24));
  EXPECT_DOUBLE_EQ(with.per_sequence(4), without.per_sequence(4));
}

TEST(ModelSize, CountsLayersWithoutExperts) {
  ModelConfig model = load_model_config(kModelFolder / "mixtral-small.json");
  const std::int64_t before = num_parameters(model), active = num_active_parameters(model);
  model.dense_layers = {0, 2};
  model.dense_intermediate_size = 100;
  model.shared_intermediate_size = 10;
  model.router_correction = true;  // is not trained
  const std::int64_t dense = 3 * 512 * 100, shared = 3 * 512 * 10, router = 8 * 512;
  const std::int64_t expert = 3 * 512 * 1792;
  EXPECT_EQ(num_parameters(model), before + 2 * (dense - 8 * expert - router) + 2 * shared);
  EXPECT_EQ(num_active_parameters(model), active + 2 * (dense - 2 * expert - router) + 2 * shared);
}

}  // namespace
}  // namespace moebench::estimate
