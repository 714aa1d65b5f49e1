// Bytes are those of the matrices. `rate` is what to read: multiplications and additions a second.
#include "kernels/small_product/small_product.h"

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

// An expert of Qwen 3's proportions, its matrix in the cache.
constexpr std::int64_t kFewRows = 32, kIn = 256, kOut = 192;

template <typename T>
struct Operands {
  std::vector<T> x = random_values<T>(kFewRows * kIn), w = random_values<T>(kOut * kIn),
                 y = random_values<T>(kFewRows * kOut);
  ProductScratch scratch;
  MatrixView<const T> x_view() const { return {x.data(), kFewRows, kIn, kIn, 1}; }
  MatrixView<const T> w_view() const { return {w.data(), kOut, kIn, kIn, 1}; }
  MatrixView<const T> y_view() const { return {y.data(), kFewRows, kOut, kOut, 1}; }
};

template <typename T>
void set_work(benchmark::State& state) {
  set_elements_processed<T>(state, kFewRows * kIn + kOut * kIn + kFewRows * kOut);
  state.counters["rate"] = benchmark::Counter(2.0 * kFewRows * kIn * kOut,
                                              benchmark::Counter::kIsIterationInvariantRate);
}

template <typename T>
void small_product_forward(benchmark::State& state) {
  Operands<T> o;
  std::vector<T> out(kFewRows * kOut);
  for (auto _ : state) {
    kernels::small_product<T>(o.x_view(), o.w_view().transposed(),
                              {out.data(), kFewRows, kOut, kOut, 1}, {}, o.scratch);
  }
  set_work<T>(state);
}
MOEBENCH_BENCHMARK(small_product_forward);

template <typename T>
void small_product_input_gradient(benchmark::State& state) {
  Operands<T> o;
  std::vector<T> out(kFewRows * kIn);
  for (auto _ : state) {
    kernels::small_product<T>(o.y_view(), o.w_view(), {out.data(), kFewRows, kIn, kIn, 1}, {},
                              o.scratch);
  }
  set_work<T>(state);
}
MOEBENCH_BENCHMARK(small_product_input_gradient);

template <typename T>
void small_product_weight_gradient(benchmark::State& state) {
  Operands<T> o;
  std::vector<T> out(kOut * kIn);
  for (auto _ : state) {
    kernels::small_product<T>(o.y_view().transposed(), o.x_view(), {out.data(), kOut, kIn, kIn, 1},
                              {}, o.scratch);
  }
  set_work<T>(state);
}
MOEBENCH_BENCHMARK(small_product_weight_gradient);

}  // namespace
}  // namespace moebench::kernels
