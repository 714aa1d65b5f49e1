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

template <typename T>
MatrixView<const T> read_only(const MatrixView<T>& view) {
  return {view.data, view.rows, view.cols, view.row_stride, view.col_stride};
}

// One group of a GroupedMlp.
template <typename T>
struct Group {
  const GroupedMlp<T>& mlp;
  std::int64_t index;

  std::int64_t num_rows() const { return mlp.map.counts[static_cast<std::size_t>(index)]; }
  // Its rows in a matrix of all rows.
  template <typename U>
  MatrixView<U> rows(U* all, std::int64_t cols) const {
    return in_rows(all + mlp.map.offsets[static_cast<std::size_t>(index)] * cols, num_rows(), cols);
  }
  // Its matrix in a stack like that of the weights' gate_up, or down.
  template <typename U>
  MatrixView<U> gate_up(const MatrixStack<U>& stack) const {
    return stack.matrix(index, 2 * mlp.intermediate_size, mlp.hidden_size);
  }
  template <typename U>
  MatrixView<U> down(const MatrixStack<U>& stack) const {
    return stack.matrix(index, mlp.hidden_size, mlp.intermediate_size);
  }
  // The group behind it, which its thread often takes next.
  Group next() const { return {mlp, index + 1}; }
  bool has_next() const {
    return next().index < static_cast<std::int64_t>(mlp.map.counts.size()) && next().num_rows() > 0;
  }
};

template <typename T>
Region memory_of(const MatrixView<T>& matrix) {
  return {matrix.data, matrix.rows * matrix.cols * static_cast<std::int64_t>(sizeof(T))};
}

// Calls f(group, scratch) for groups in any order. Each writes what no other does, so that results
// do not depend on the number of threads.
template <typename T, typename F>
void for_each_group(const GroupedMlp<T>& mlp, const F& f) {
  const auto groups = static_cast<std::int64_t>(mlp.map.counts.size());
#pragma omp parallel
  {
    Scratch<T> scratch;
#pragma omp for schedule(dynamic)
    for (std::int64_t i = 0; i < groups; ++i) f(Group<T>{mlp, i}, scratch);
  }
}

// sums (+)= the sum of dy's rows, in their order; nothing where sums is null.
template <typename T>
void sum_rows(const MatrixView<const T>& dy, bool accumulate, T* sums) {
  if (sums == nullptr || (accumulate && dy.rows == 0)) return;
  std::vector<float> sum(static_cast<std::size_t>(dy.cols));
  float* to = sum.data();
  for (std::int64_t r = 0; r < dy.rows; ++r) {
    const T* row = dy.data + r * dy.row_stride;
#pragma omp simd
    for (std::int64_t i = 0; i < dy.cols; ++i) to[i] += to_float(row[i]);
  }
  for (std::int64_t i = 0; i < dy.cols; ++i) {
    sums[i] = from_float<T>((accumulate ? to_float(sums[i]) : 0.0f) + to[i]);
  }
}

template <typename T>
void forward(const Group<T>& group, const MatrixView<const T>& x, const MatrixView<T>& gate_up,
             const MatrixView<T>& out, Scratch<T>& scratch) {
  const GroupedMlpWeights<const T>& w = group.mlp.weights;
  const std::int64_t intermediate = group.mlp.intermediate_size;
  const MatrixView<const T> w_down = group.down(w.down);
  small_product<T>(x, group.gate_up(w.gate_up).transposed(), gate_up,
                   {.bias = w.gate_up_bias.vector(group.index), .next = memory_of(w_down)},
                   scratch.products);
  scratch.hidden.resize(static_cast<std::size_t>(x.rows * intermediate));
  T* hidden = scratch.hidden.data();
  swiglu_forward<T>(gate_up.data, x.rows, intermediate, hidden, group.mlp.activation);
  ProductOptions<T> options{.bias = w.down_bias.vector(group.index)};
  if (group.has_next()) options.next = memory_of(group.next().gate_up(w.gate_up));
  small_product<T>(in_rows<const T>(hidden, x.rows, intermediate), w_down.transposed(), out,
                   options, scratch.products);
}

// Leaves the activated rows in scratch.hidden, and the gradient of gate_up in its place.
template <typename T>
void activation_backward(const Group<T>& group, const MatrixView<const T>& dout,
                         const MatrixView<T>& gate_up, const Region& next, Scratch<T>& scratch) {
  const std::int64_t intermediate = group.mlp.intermediate_size;
  scratch.hidden.resize(static_cast<std::size_t>(dout.rows * intermediate));
  scratch.dhidden.resize(scratch.hidden.size());
  T* dhidden = scratch.dhidden.data();
  small_product<T>(dout, group.down(group.mlp.weights.down),
                   in_rows(dhidden, dout.rows, intermediate), {.next = next}, scratch.products);
  swiglu_backward<T>(dhidden, gate_up.data, dout.rows, intermediate, gate_up.data,
                     scratch.hidden.data(), group.mlp.activation);
}

template <typename T>
void weights_backward(const Group<T>& group, const MatrixView<const T>& dout,
                      const MatrixView<const T>& dgate_up, const MatrixView<const T>& x,
                      const GroupedMlpGradients<T>& gradients, Scratch<T>& scratch) {
  const GroupedMlpWeights<T>& to = gradients.weights;
  const MatrixView<T> dw_gate_up = group.gate_up(to.gate_up);
  const auto hidden = in_rows<const T>(scratch.hidden.data(), x.rows, group.mlp.intermediate_size);
  small_product<T>(dout.transposed(), hidden, group.down(to.down),
                   {.accumulate = gradients.accumulate, .next = memory_of(dw_gate_up)},
                   scratch.products);
  small_product<T>(dgate_up.transposed(), x, dw_gate_up,
                   {.accumulate = gradients.accumulate,
                    .next = memory_of(group.gate_up(group.mlp.weights.gate_up))},
                   scratch.products);
  sum_rows(dout, gradients.accumulate, to.down_bias.vector(group.index));
  sum_rows(dgate_up, gradients.accumulate, to.gate_up_bias.vector(group.index));
}

template <typename T>
void input_backward(const Group<T>& group, const MatrixView<const T>& dgate_up,
                    const MatrixView<T>& dx, Scratch<T>& scratch) {
  const GroupedMlpWeights<const T>& w = group.mlp.weights;
  ProductOptions<T> options;
  if (group.has_next()) options.next = memory_of(group.next().down(w.down));
  small_product<T>(dgate_up, group.gate_up(w.gate_up), dx, options, scratch.products);
}

}  // namespace

template <typename T>
void grouped_mlp_forward(const GroupedMlp<T>& mlp, const T* rows, T* gate_up, T* out) {
  for_each_group(mlp, [&](const Group<T>& group, Scratch<T>& scratch) {
    if (group.num_rows() == 0) return;
    forward(group, group.rows(rows, mlp.hidden_size),
            group.rows(gate_up, 2 * mlp.intermediate_size), group.rows(out, mlp.hidden_size),
            scratch);
  });
}

template <typename T>
void grouped_mlp_backward(const GroupedMlp<T>& mlp, const T* dout, const T* rows, T* gate_up,
                          const GroupedMlpGradients<T>& gradients, T* drows) {
  for_each_group(mlp, [&](const Group<T>& group, Scratch<T>& scratch) {
    const MatrixView<const T> dout_e = group.rows(dout, mlp.hidden_size);
    const MatrixView<T> gate_up_e = group.rows(gate_up, 2 * mlp.intermediate_size);
    const bool has_rows = group.num_rows() > 0;
    if (has_rows) {
      activation_backward(group, dout_e, gate_up_e, memory_of(group.down(gradients.weights.down)),
                          scratch);
    }
    const MatrixView<const T> dgate_up_e = read_only(gate_up_e);
    weights_backward(group, dout_e, dgate_up_e, group.rows(rows, mlp.hidden_size), gradients,
                     scratch);
    if (has_rows) {
      input_backward(group, dgate_up_e, group.rows(drows, mlp.hidden_size), scratch);
    }
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
