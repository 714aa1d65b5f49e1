// The shipped models of published dimensions have the numbers of parameters that are published.

#include <gtest/gtest.h>

#include <filesystem>

#include "harness/partition/parameters.h"

namespace moebench::partition {
namespace {

struct PublicModel {
  const char* name;
  double total, active;  // billions, as published
  double unit = 0.1;     // of what is published
};

// Of a token's experts alone. What is published of active parameters leaves the embedding out, or
// not; both are within what is asked of it here.
std::pair<double, double> billions_active(const config::ModelConfig& model) {
  double all = 0, table = 0;
  for (const ParameterSpec& parameter : model_parameters(model)) {
    const auto size = static_cast<double>(parameter.num_elements());
    const bool is_expert =
        parameter.name.find(".experts.") != std::string::npos ||
        parameter.name.find("block_sparse_moe.input_linear") != std::string::npos ||
        parameter.name.find("block_sparse_moe.output_linear") != std::string::npos;
    const double share = static_cast<double>(model.top_k) / static_cast<double>(model.num_experts);
    all += is_expert ? size * share : size;
    if (parameter.role == Role::kEmbedding && !model.tie_word_embeddings) table = size;
  }
  return {(all - table) * 1e-9, all * 1e-9};
}

double billions(const config::ModelConfig& model) {
  std::int64_t count = 0;
  for (const ParameterSpec& parameter : model_parameters(model)) count += parameter.num_elements();
  return static_cast<double>(count) * 1e-9;
}

class PublicModels : public ::testing::TestWithParam<PublicModel> {};

TEST_P(PublicModels, HaveThePublishedNumberOfParameters) {
  const PublicModel& published = GetParam();
  const auto folder = std::filesystem::path(MOEBENCH_SCENARIO_FOLDER) / "models";
  const auto model = config::load_model_config(folder / (std::string(published.name) + ".json"));
  // Some round, some cut off.
  EXPECT_GE(billions(model), published.total - 0.5 * published.unit);
  EXPECT_LT(billions(model), published.total + published.unit);
  const auto [without, with] = billions_active(model);
  EXPECT_LT(without, published.active + published.unit);
  EXPECT_GE(with, published.active - 0.5 * published.unit);
}

INSTANTIATE_TEST_SUITE_P(
    All, PublicModels,
    ::testing::Values(
        PublicModel{"Mixtral-8x7B", 46.7, 12.9}, PublicModel{"Mixtral-8x22B", 140.6, 39, 1},
        PublicModel{"granite-3.0-3b-a800m", 3.3, 0.9}, PublicModel{"Qwen1.5-MoE-A2.7B", 14.3, 2.7},
        PublicModel{"Qwen3-30B-A3B", 30.5, 3.3}, PublicModel{"Qwen3-235B-A22B", 235, 22, 1},
        PublicModel{"OLMoE-1B-7B", 6.9, 1.3}, PublicModel{"GLM-4.5-Air", 106, 12, 1},
        PublicModel{"DeepSeek-V2-Lite", 15.7, 2.4}, PublicModel{"DeepSeek-V3", 671, 37, 1},
        PublicModel{"gpt-oss-20b", 20.9, 3.6}, PublicModel{"gpt-oss-120b", 116.8, 5.1}));

}  // namespace
}  // namespace moebench::partition
