#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "harness/config/cell.h"
#include "harness/model/flat_weights.h"
#include "harness/model/row_kernels.h"

namespace moebench::model {

// What the attention of all layers shares in a micro-batch.
struct AttentionContext {
  std::int64_t batch = 0;
  std::int64_t seq_len = 0;
  RopeTables rope;         // of at least seq_len positions
  at::Tensor window_mask;  // of the model's sliding window, undefined where seq_len is within it
};

// The tables of a model, for sequences of up to `seq_len`.
RopeTables rope_tables(const config::ModelConfig& model, std::int64_t seq_len, at::Device device);

struct BatchShape {
  std::int64_t samples = 0, seq_len = 0;
};
// For tensors like `like`.
AttentionContext attention_context(const config::ModelConfig& model, BatchShape shape,
                                   const RopeTables& rope, const at::TensorOptions& like);

// Attention of the layer of `weights.index`, from its normed input to its output projection.
// normed_TH: [batch x seq_len, H]; returns the same shape.
at::Tensor attention_layer(const at::Tensor& normed_TH, LayerWeights& weights,
                           const config::ModelConfig& model, const AttentionContext& context);

}  // namespace moebench::model
