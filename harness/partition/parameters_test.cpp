#include "harness/partition/parameters.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "harness/testing/models.h"

namespace moebench::partition {
namespace {

using Shape = std::vector<std::int64_t>;

TEST(MixtralParameters, HaveHuggingFaceNamesAndShapes) {
  const auto parameters = model_parameters(mini_model());
  EXPECT_EQ(parameters.size(), 1 + 2 * (2 + 4 + 1 + 3 * 3) + 2);
  EXPECT_EQ(parameters.front().name, "model.embed_tokens.weight");
  EXPECT_EQ(parameters.back().name, "lm_head.weight");
  std::map<std::string, Shape> shapes;
  for (const auto& p : parameters) shapes[p.name] = p.shape;
  EXPECT_EQ(shapes.size(), parameters.size());
  EXPECT_EQ(shapes.at("model.embed_tokens.weight"), Shape({32, 12}));
  EXPECT_EQ(shapes.at("model.layers.0.input_layernorm.weight"), Shape({12}));
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.q_proj.weight"), Shape({16, 12}));
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.k_proj.weight"), Shape({8, 12}));
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.v_proj.weight"), Shape({8, 12}));
  EXPECT_EQ(shapes.at("model.layers.1.self_attn.o_proj.weight"), Shape({12, 16}));
  EXPECT_EQ(shapes.at("model.layers.1.post_attention_layernorm.weight"), Shape({12}));
  EXPECT_EQ(shapes.at("model.layers.1.block_sparse_moe.gate.weight"), Shape({3, 12}));
  EXPECT_EQ(shapes.at("model.layers.1.block_sparse_moe.experts.2.w1.weight"), Shape({20, 12}));
  EXPECT_EQ(shapes.at("model.layers.1.block_sparse_moe.experts.2.w2.weight"), Shape({12, 20}));
  EXPECT_EQ(shapes.at("model.layers.1.block_sparse_moe.experts.2.w3.weight"), Shape({20, 12}));
  EXPECT_EQ(shapes.at("model.norm.weight"), Shape({12}));
  EXPECT_EQ(shapes.at("lm_head.weight"), Shape({32, 12}));
}

TEST(GraniteMoeParameters, HaveHuggingFaceNamesAndShapes) {
  config::ModelConfig model = mini_model();
  model.type = config::ModelType::kGraniteMoe;
  model.tie_word_embeddings = true;
  const auto parameters = model_parameters(model);
  EXPECT_EQ(parameters.size(), 1 + 2 * (2 + 4 + 3) + 1);
  EXPECT_EQ(parameters.front().name, "model.embed_tokens.weight");
  EXPECT_EQ(parameters.back().name, "model.norm.weight");
  std::map<std::string, Shape> shapes;
  for (const auto& p : parameters) shapes[p.name] = p.shape;
  const std::string moe = "model.layers.1.block_sparse_moe.";
  EXPECT_EQ(shapes.at(moe + "router.layer.weight"), Shape({3, 12}));
  EXPECT_EQ(shapes.at(moe + "input_linear.weight"), Shape({3, 40, 12}));
  EXPECT_EQ(shapes.at(moe + "output_linear.weight"), Shape({3, 12, 20}));
  EXPECT_EQ(shapes.at("model.layers.1.self_attn.q_proj.weight"), Shape({16, 12}));
}

TEST(MixtralParameters, HaveNoHeadOfTheirOwnWhereItIsTied) {
  config::ModelConfig model = mini_model();
  model.tie_word_embeddings = true;
  EXPECT_EQ(model_parameters(model).back().name, "model.norm.weight");
}

TEST(MixtralParameters, AddUpToTheKnownSizeOfMixtral8x7B) {
  config::ModelConfig model;
  model.hidden_size = 4096;
  model.intermediate_size = 14336;
  model.num_layers = 32;
  model.num_experts = 8;
  model.num_heads = 32;
  model.num_kv_heads = 8;
  model.head_dim = 128;
  model.vocab_size = 32000;
  std::int64_t total = 0;
  for (const auto& p : model_parameters(model)) total += p.num_elements();
  EXPECT_EQ(total, 46'702'792'704);
}

}  // namespace
}  // namespace moebench::partition
