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

// All dimensions differ.
config::ModelConfig with_parts(config::ModelType type) {
  config::ModelConfig model = mini_model();
  model.type = type;
  model.dense_layers = {0};
  model.dense_intermediate_size = 28;
  model.shared_intermediate_size = 36;
  return model;
}

std::map<std::string, Shape> shapes_of(const config::ModelConfig& model) {
  std::map<std::string, Shape> shapes;
  for (const auto& p : model_parameters(model)) {
    EXPECT_TRUE(shapes.emplace(p.name, p.shape).second) << p.name;
  }
  return shapes;
}

TEST(Parameters, OfGroupedAttentionHaveNormsAndBiases) {
  config::ModelConfig model = with_parts(config::ModelType::kQwen2Moe);
  model.qkv_bias = model.shared_gate = true;
  model.qk_norm = config::QkNorm::kPerHead;
  auto shapes = shapes_of(model);
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.q_norm.weight"), Shape({4}));
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.k_proj.bias"), Shape({8}));
  EXPECT_FALSE(shapes.contains("model.layers.0.self_attn.o_proj.bias"));
  EXPECT_EQ(shapes.at("model.layers.0.mlp.up_proj.weight"), Shape({28, 12}));
  EXPECT_FALSE(shapes.contains("model.layers.0.mlp.gate.weight"));
  EXPECT_EQ(shapes.at("model.layers.1.mlp.gate.weight"), Shape({3, 12}));
  EXPECT_EQ(shapes.at("model.layers.1.mlp.experts.2.down_proj.weight"), Shape({12, 20}));
  EXPECT_EQ(shapes.at("model.layers.1.mlp.shared_expert.gate_proj.weight"), Shape({36, 12}));
  EXPECT_EQ(shapes.at("model.layers.1.mlp.shared_expert_gate.weight"), Shape({1, 12}));
  model.qk_norm = config::QkNorm::kAllHeads;
  shapes = shapes_of(model);
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.q_norm.weight"), Shape({16}));
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.k_norm.weight"), Shape({8}));
}

TEST(Parameters, OfLatentAttentionHaveTheirNames) {
  config::ModelConfig model = with_parts(config::ModelType::kDeepseekV3);
  model.kv_lora_rank = 10;
  model.q_lora_rank = 14;
  model.qk_nope_head_dim = 6;
  model.qk_rope_head_dim = 2;
  model.v_head_dim = 5;
  model.head_dim = 8;
  model.num_kv_heads = 4;
  model.router_correction = true;
  auto shapes = shapes_of(model);
  const std::string attention = "model.layers.1.self_attn.";
  EXPECT_EQ(shapes.at(attention + "q_a_proj.weight"), Shape({14, 12}));
  EXPECT_EQ(shapes.at(attention + "q_a_layernorm.weight"), Shape({14}));
  EXPECT_EQ(shapes.at(attention + "q_b_proj.weight"), Shape({32, 14}));
  EXPECT_EQ(shapes.at(attention + "kv_a_proj_with_mqa.weight"), Shape({12, 12}));
  EXPECT_EQ(shapes.at(attention + "kv_b_proj.weight"), Shape({44, 10}));
  EXPECT_EQ(shapes.at(attention + "o_proj.weight"), Shape({12, 20}));
  EXPECT_EQ(shapes.at("model.layers.1.mlp.gate.e_score_correction_bias"), Shape({3}));
  EXPECT_EQ(shapes.at("model.layers.1.mlp.shared_experts.down_proj.weight"), Shape({12, 36}));
  model.q_lora_rank = 0;
  shapes = shapes_of(model);
  EXPECT_EQ(shapes.at(attention + "q_proj.weight"), Shape({32, 12}));
  EXPECT_FALSE(shapes.contains(attention + "q_b_proj.weight"));
}

TEST(Parameters, OfGptOssAreStacksOfColumns) {
  config::ModelConfig model = mini_model();
  model.type = config::ModelType::kGptOss;
  model.attention_sinks = model.router_bias = model.expert_bias = model.o_bias = true;
  const auto shapes = shapes_of(model);
  const std::string mlp = "model.layers.1.mlp.";
  EXPECT_EQ(shapes.at(mlp + "router.bias"), Shape({3}));
  EXPECT_EQ(shapes.at(mlp + "experts.gate_up_proj"), Shape({3, 12, 40}));
  EXPECT_EQ(shapes.at(mlp + "experts.gate_up_proj_bias"), Shape({3, 40}));
  EXPECT_EQ(shapes.at(mlp + "experts.down_proj"), Shape({3, 20, 12}));
  EXPECT_EQ(shapes.at(mlp + "experts.down_proj_bias"), Shape({3, 12}));
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.sinks"), Shape({4}));
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.o_proj.bias"), Shape({12}));
}

TEST(Parameters, OfGranitesSharedExpertsAreOneProjection) {
  config::ModelConfig model = mini_model();
  model.type = config::ModelType::kGraniteMoeShared;
  model.shared_intermediate_size = 36;
  const auto shapes = shapes_of(model);
  EXPECT_EQ(shapes.at("model.layers.1.shared_mlp.input_linear.weight"), Shape({72, 12}));
  EXPECT_EQ(shapes.at("model.layers.1.shared_mlp.output_linear.weight"), Shape({12, 36}));
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
