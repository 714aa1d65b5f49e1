#pragma once

#include <cstdint>

#include "kernels/permute_rows/permute_rows.h"
#include "kernels/small_product/small_product.h"
#include "kernels/swiglu/swiglu.h"

namespace moebench::kernels {

// Matrices of one shape, each in rows or in columns: of the three distances, in elements, that of
// rows or that of columns is 1.
template <typename T>
struct MatrixStack {
  T* data = nullptr;
  std::int64_t group_stride = 0, row_stride = 0, col_stride = 0;

  MatrixView<T> matrix(std::int64_t group, std::int64_t rows, std::int64_t cols) const {
    return {data + group * group_stride, rows, cols, row_stride, col_stride};
  }
};

// Vectors of one size; none where data is null.
template <typename T>
struct VectorStack {
  T* data = nullptr;
  std::int64_t group_stride = 0;

  T* vector(std::int64_t group) const {
    return data == nullptr ? nullptr : data + group * group_stride;
  }
};

// Of E groups: [E, 2I, H], [E, H, I], [E, 2I], [E, H].
template <typename T>
struct GroupedMlpWeights {
  MatrixStack<T> gate_up, down;
  VectorStack<T> gate_up_bias, down_bias;
};

// A gated MLP for each group of rows, R rows in all. Rows that `map` holds beyond its counts are
// neither read nor written, and weights of groups without rows are not read.
template <typename T>
struct GroupedMlp {
  const RowMap& map;
  std::int64_t hidden_size, intermediate_size;
  GroupedMlpWeights<const T> weights;
  GatedActivation activation;
};

// gate_up = rows x W_gate_up^T + bias; out = activated(gate_up) x W_down^T + bias, by
// small_product: for groups of few rows. Each thread takes whole groups. rows, out: [R, H];
// gate_up: [R, 2I].
template <typename T>
void grouped_mlp_forward(const GroupedMlp<T>& mlp, const T* rows, T* gate_up, T* out);

// What the backward pass adds to, or overwrites; 0 for groups without rows.
template <typename T>
struct GroupedMlpGradients {
  GroupedMlpWeights<T> weights;
  bool accumulate = false;
};

// Adjoint of the forward pass: takes its `gate_up`, and leaves the gradient of that in its place.
// dout, rows, drows: [R, H].
template <typename T>
void grouped_mlp_backward(const GroupedMlp<T>& mlp, const T* dout, const T* rows, T* gate_up,
                          const GroupedMlpGradients<T>& gradients, T* drows);

}  // namespace moebench::kernels
