#include "kernels/grouped_mlp/grouped_mlp.h"

#include <vector>

namespace moebench::kernels {
namespace {

// Memory of one thread.
template <typename T>
struct Scratch {
  ProductScratch products;
  std::vector<T> hidden, dhidden;  // [rows of a group, I]
};

template <typename T>
MatrixView<T> in_rows(T* data, std::int64_t rows, std::int64_t cols) {
  return {data, rows, cols, cols, 1};
}

// The rows of one group in a matrix of all rows.
template <typename T>
MatrixView<T> group_of(T* data, std::int64_t cols, const RowMap& map, std::int64_t group) {
  const auto i = static_cast<std::size_t>(group);
  return in_rows(data + map.offsets[i] * cols, map.counts[i], cols);
}

// Calls f(group, scratch) for groups in any order. Each writes what no other does, so that results
// do not depend on the number of threads.
template <typename T, typename F>
void for_each_group(const RowMap& map, const F& f) {
  const auto groups = static_cast<std::int64_t>(map.counts.size());
#pragma omp parallel
  {
    Scratch<T> scratch;
#pragma omp for schedule(dynamic)
    for (std::int64_t group = 0; group < groups; ++group) f(group, scratch);
  }
}

// x x weights^T (+ bias).
template <typename T>
void project(const MatrixView<const T>& x, const MatrixView<const T>& weights, const T* bias,
             const MatrixView<T>& out, ProductScratch& scratch) {
  small_product<T>(x, weights.transposed(), out, {.bias = bias}, scratch);
}

// sums (+)= the sum of dy's rows, in their order; nothing where sums is null.
template <typename T>
void sum_rows(const MatrixView<const T>& dy, bool accumulate, T* sums) {
  if (sums == nullptr || (accumulate && dy.rows == 0)) return;
  std::vector<float> sum(static_cast<std::size_t>(dy.cols));
  for (std::int64_t r = 0; r < dy.rows; ++r) {
    const T* row = dy.data + r * dy.row_stride;
#pragma omp simd
    for (std::int64_t i = 0; i < dy.cols; ++i) sum[i] += to_float(row[i]);
  }
  for (std::int64_t i = 0; i < dy.cols; ++i) {
    sums[i] = from_float<T>((accumulate ? to_float(sums[i]) : 0.0f) + sum[i]);
  }
}

template <typename T>
void group_backward(const GroupedMlp<T>& mlp, std::int64_t group, const MatrixView<const T>& dout,
                    const MatrixView<const T>& x, const MatrixView<T>& gate_up,
                    const GroupedMlpGradients<T>& gradients, T* drows, Scratch<T>& scratch) {
  const std::int64_t hidden = mlp.hidden_size, intermediate = mlp.intermediate_size;
  const auto count = static_cast<std::size_t>(x.rows * intermediate);
  scratch.hidden.resize(count);
  scratch.dhidden.resize(count);
  T* h = scratch.hidden.data();
  T* dh = scratch.dhidden.data();
  if (x.rows > 0) {
    small_product<T>(dout, mlp.weights.down.matrix(group, hidden, intermediate),
                     in_rows(dh, x.rows, intermediate), {}, scratch.products);
    swiglu_backward<T>(dh, gate_up.data, x.rows, intermediate, gate_up.data, h, mlp.activation);
  }
  const auto dgate_up = in_rows<const T>(gate_up.data, x.rows, 2 * intermediate);
  const GroupedMlpWeights<T>& to = gradients.weights;
  const ProductOptions<T> options{.accumulate = gradients.accumulate};
  small_product<T>(dout.transposed(), in_rows<const T>(h, x.rows, intermediate),
                   to.down.matrix(group, hidden, intermediate), options, scratch.products);
  small_product<T>(dgate_up.transposed(), x, to.gate_up.matrix(group, 2 * intermediate, hidden),
                   options, scratch.products);
  sum_rows(dout, gradients.accumulate, to.down_bias.vector(group));
  sum_rows(dgate_up, gradients.accumulate, to.gate_up_bias.vector(group));
  small_product<T>(dgate_up, mlp.weights.gate_up.matrix(group, 2 * intermediate, hidden),
                   group_of(drows, hidden, mlp.map, group), {}, scratch.products);
}

}  // namespace

template <typename T>
void grouped_mlp_forward(const GroupedMlp<T>& mlp, const T* rows, T* gate_up, T* out) {
  const std::int64_t hidden = mlp.hidden_size, intermediate = mlp.intermediate_size;
  for_each_group<T>(mlp.map, [&](std::int64_t group, Scratch<T>& scratch) {
    const MatrixView<const T> x = group_of(rows, hidden, mlp.map, group);
    if (x.rows == 0) return;
    const MatrixView<T> both = group_of(gate_up, 2 * intermediate, mlp.map, group);
    project(x, mlp.weights.gate_up.matrix(group, 2 * intermediate, hidden),
            mlp.weights.gate_up_bias.vector(group), both, scratch.products);
    scratch.hidden.resize(static_cast<std::size_t>(x.rows * intermediate));
    T* h = scratch.hidden.data();
    swiglu_forward<T>(both.data, x.rows, intermediate, h, mlp.activation);
    project(in_rows<const T>(h, x.rows, intermediate),
            mlp.weights.down.matrix(group, hidden, intermediate),
            mlp.weights.down_bias.vector(group), group_of(out, hidden, mlp.map, group),
            scratch.products);
  });
}

template <typename T>
void grouped_mlp_backward(const GroupedMlp<T>& mlp, const T* dout, const T* rows, T* gate_up,
                          const GroupedMlpGradients<T>& gradients, T* drows) {
  for_each_group<T>(mlp.map, [&](std::int64_t group, Scratch<T>& scratch) {
    group_backward<T>(mlp, group, group_of(dout, mlp.hidden_size, mlp.map, group),
                      group_of(rows, mlp.hidden_size, mlp.map, group),
                      group_of(gate_up, 2 * mlp.intermediate_size, mlp.map, group), gradients,
                      drows, scratch);
  });
}

template void grouped_mlp_forward(const GroupedMlp<float>&, const float*, float*, float*);
template void grouped_mlp_forward(const GroupedMlp<Bfloat16>&, const Bfloat16*, Bfloat16*,
                                  Bfloat16*);
template void grouped_mlp_backward(const GroupedMlp<float>&, const float*, const float*, float*,
                                   const GroupedMlpGradients<float>&, float*);
template void grouped_mlp_backward(const GroupedMlp<Bfloat16>&, const Bfloat16*, const Bfloat16*,
                                   Bfloat16*, const GroupedMlpGradients<Bfloat16>&, Bfloat16*);

}  // namespace moebench::kernels
