#include "harness/model/attention_layer.h"

#include <ATen/ops/split_with_sizes.h>

#include <vector>

#include "harness/config/rope.h"
#include "harness/model/attention.h"
#include "harness/model/causal_attention.h"
#include "harness/model/ops.h"

namespace moebench::model {
namespace {

using config::ModelConfig;

// Of the norms of latent vectors, whatever rms_norm_eps says: the reference's default.
constexpr double kLatentEpsilon = 1e-6;

CausalAttention causal_attention(LayerWeights& weights, const ModelConfig& model,
                                 const AttentionContext& context) {
  CausalAttention how;
  how.shape = {.batch = context.batch,
               .seq_len = context.seq_len,
               .num_heads = model.num_heads,
               .num_kv_heads = model.num_kv_heads,
               .head_dim = model.head_dim,
               .rotary_begin = model.rotary_begin(),
               .rotary_dim = model.rotary_dim(),
               .interleaved = model.rope.interleaved,
               .value_dim = model.value_dim()};
  how.rope = context.rope;
  how.scale = config::score_scale(model);
  if (const std::int64_t window = model.window_of(weights.index); window < context.seq_len) {
    how.window = window;
    if (window > 0) how.window_mask = context.window_mask;
  }
  Weight& sinks = weights.dense.attention.sinks;
  if (sinks.value.defined()) how.sinks = &sinks;
  return how;
}

// Norms parts of rows, each as long as the norm's weight.
at::Tensor normed_parts(const at::Tensor& x, Weight& norm, double epsilon) {
  const at::Tensor rows = x.contiguous().view({-1, norm.value.size(0)});
  return rms_norm(rows, norm, epsilon).view({x.size(0), x.size(1)});
}

at::Tensor grouped_query(const at::Tensor& normed_TH, AttentionWeights& w, const ModelConfig& model,
                         const CausalAttention& how) {
  const at::Tensor qkv = linear(normed_TH, w.qkv, w.qkv_bias);
  if (model.qk_norm == config::QkNorm::kNone) return fused_attention(qkv, how);
  const std::int64_t kv = model.num_kv_heads * model.head_dim;
  const std::vector<at::Tensor> parts =
      at::split_with_sizes(qkv, {model.num_heads * model.head_dim, kv, kv}, 1);
  return split_attention(normed_parts(parts[0], w.q_norm, model.rms_norm_eps),
                         normed_parts(parts[1], w.k_norm, model.rms_norm_eps), parts[2], how);
}

at::Tensor latent_queries(const at::Tensor& normed_TH, AttentionWeights& w,
                          const ModelConfig& model) {
  if (model.q_lora_rank == 0) return linear(normed_TH, w.q);
  const at::Tensor latent = linear(normed_TH, w.q_a, w.q_a_bias);
  return linear(normed_parts(latent, w.q_a_norm, kLatentEpsilon), w.q_b);
}

at::Tensor latent(const at::Tensor& normed_TH, AttentionWeights& w, const ModelConfig& model,
                  const CausalAttention& how) {
  const at::Tensor q = latent_queries(normed_TH, w, model);
  const std::vector<at::Tensor> parts = at::split_with_sizes(
      linear(normed_TH, w.kv_a, w.kv_a_bias), {model.kv_lora_rank, model.qk_rope_head_dim}, 1);
  const at::Tensor kv = linear(normed_parts(parts[0], w.kv_a_norm, kLatentEpsilon), w.kv_b);
  return latent_attention(q, kv, parts[1], how);
}

}  // namespace

RopeTables rope_tables(const ModelConfig& model, std::int64_t seq_len, at::Device device) {
  const config::RopeFrequencies frequencies = config::rope_frequencies(model);
  return rope_tables(kernels::RopeTable(seq_len, frequencies.inverse, frequencies.factor), device);
}

AttentionContext attention_context(const ModelConfig& model, BatchShape shape,
                                   const RopeTables& rope, const at::TensorOptions& like) {
  AttentionContext context{shape.samples, shape.seq_len, rope, {}};
  if (model.sliding_window > 0 && model.sliding_window < shape.seq_len) {
    context.window_mask = attention::window_mask(shape.seq_len, model.sliding_window, like);
  }
  return context;
}

at::Tensor attention_layer(const at::Tensor& normed_TH, LayerWeights& weights,
                           const ModelConfig& model, const AttentionContext& context) {
  AttentionWeights& w = weights.dense.attention;
  const CausalAttention how = causal_attention(weights, model, context);
  const at::Tensor attended = model.is_latent() ? latent(normed_TH, w, model, how)
                                                : grouped_query(normed_TH, w, model, how);
  return linear(attended, w.o, w.o_bias);
}

}  // namespace moebench::model
