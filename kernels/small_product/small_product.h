#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

// A matrix that lies in rows or in columns: one of the strides, in elements, is 1.
template <typename T>
struct MatrixView {
  T* data;
  std::int64_t rows, cols;
  std::int64_t row_stride, col_stride;

  MatrixView transposed() const { return {data, cols, rows, col_stride, row_stride}; }
};

// Memory that the products of one thread use again and again.
class ProductScratch {
 public:
  // Room for `count` floats from a cache line on, with any values, until it is asked for again.
  float* panels(std::int64_t count) { return lines(panels_, count); }
  float* left(std::int64_t count) { return lines(left_, count); }
  float* columns(std::int64_t count) { return lines(columns_, count); }

 private:
  static float* lines(std::vector<float>& memory, std::int64_t count);
  std::vector<float> panels_, left_, columns_;
};

// Memory that is going to be used.
struct Region {
  const void* data = nullptr;
  std::int64_t bytes = 0;
};

template <typename T>
struct ProductOptions {
  const T* bias = nullptr;  // [N], added to each row
  bool accumulate = false;  // add to c instead of overwriting it; not beside a bias
  Region next{};            // brought to the cache while this product is computed
};

// c (+)= a x b (+ bias) by one thread, for a few rows: no setting up, and no packing of `a`. Of a
// large product libtorch's takes less time. a: [M, K]; b: [K, N]; c: [M, N], in rows where there is
// a bias. Sums in fp32 over K in order, or over pairs of it where the CPU has instructions for
// those of bf16 (which take denormal values for 0), and rounds once.
template <typename T>
void small_product(const MatrixView<const T>& a, const MatrixView<const T>& b,
                   const MatrixView<T>& c, const ProductOptions<T>& options,
                   ProductScratch& scratch);

}  // namespace moebench::kernels
