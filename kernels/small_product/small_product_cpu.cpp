#include "kernels/small_product/small_product.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "harness/base/check.h"
#include "kernels/small_product/pack.h"
#include "kernels/small_product/units.h"

namespace moebench::kernels {

float* ProductScratch::lines(std::vector<float>& memory, std::int64_t count) {
  constexpr std::size_t kLine = 64;
  const std::size_t wanted = static_cast<std::size_t>(count) + kLine / sizeof(float);
  if (memory.size() < wanted) memory.resize(wanted);
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  return memory.data() + (kLine - address % kLine) % kLine / sizeof(float);
}

namespace {

// Packed columns that are used together stay in the second-level cache.
constexpr std::int64_t kStripBytes = 256 << 10;

// Where the sums of a tile go.
template <typename T>
struct Target {
  T* data;
  std::int64_t row_stride, cols;
  const T* bias;
  bool accumulate;
};

template <typename T>
void store_row(const float* sums, const Target<T>& target, T* to) {
  if (target.bias != nullptr) {
#pragma omp simd
    for (std::int64_t i = 0; i < target.cols; ++i) {
      to[i] = from_float<T>(sums[i] + to_float(target.bias[i]));
    }
  } else if (target.accumulate) {
#pragma omp simd
    for (std::int64_t i = 0; i < target.cols; ++i) {
      to[i] = from_float<T>(sums[i] + to_float(to[i]));
    }
  } else {
#pragma omp simd
    for (std::int64_t i = 0; i < target.cols; ++i) to[i] = from_float<T>(sums[i]);
  }
}

// Lines of memory to bring to the cache, one a step.
struct Lines {
  const char* first;
  std::int64_t stride;
};

// Walks along what is needed next.
class Ahead {
 public:
  explicit Ahead(const Region& region)
      : next_(static_cast<const char*>(region.data)), end_(next_ + region.bytes) {}

  // Where nothing is left to bring, one line that is there already again and again: looking for
  // what is not mapped takes long.
  Lines take(std::int64_t steps, const float* present) {
    if (end_ - next_ < steps * kLineBytes) return {reinterpret_cast<const char*>(present), 0};
    const Lines lines{next_, kLineBytes};
    next_ += steps * kLineBytes;
    return lines;
  }

 private:
  static constexpr std::int64_t kLineBytes = 64;
  const char* next_;
  const char* end_;
};

// What a tile of sums is made of. steps > 0.
struct Factors {
  LeftUnits left;
  const float* panel;
  std::int64_t steps;
  Lines ahead;
};

// `rows` rows of the left matrix times a panel. by_step: units of one step are neighbours, else
// those of one row are.
template <std::int64_t rows, bool by_step, typename T>
void multiply_tile(const Factors& factors, const Target<T>& target) {
  Vector sum[rows][2] = {};
  const char* row[rows];
#pragma GCC unroll 16
  for (std::int64_t r = 0; r < rows; ++r) {
    row[r] = factors.left.data + r * factors.left.row_bytes;
  }
  const char* neighbours = factors.left.data;
  const char* ahead = factors.ahead.first;
  const float* panel = factors.panel;
  std::int64_t step = 0;
  do {
    __builtin_prefetch(ahead, /*rw=*/0, /*locality=*/2);
    ahead += factors.ahead.stride;
    Vector first, second;
    std::memcpy(&first, panel, sizeof first);
    std::memcpy(&second, panel + kLanes, sizeof second);
#pragma GCC unroll 16
    for (std::int64_t r = 0; r < rows; ++r) {
      float unit;
      std::memcpy(&unit, by_step ? neighbours + r * kUnitBytes : row[r] + step * kUnitBytes,
                  sizeof unit);
      sum[r][0] = Unit<T>::add_product(sum[r][0], unit, first);
      sum[r][1] = Unit<T>::add_product(sum[r][1], unit, second);
    }
    neighbours += factors.left.step_bytes;
    panel += kPanelCols;
  } while (++step < factors.steps);
  const bool stores_sums = target.bias == nullptr && !target.accumulate;
#pragma GCC unroll 16
  for (std::int64_t r = 0; r < rows; ++r) {
    T* to = target.data + r * target.row_stride;
    if (stores_sums && target.cols == kPanelCols) {
      store_sums(sum[r][0], sum[r][1], to);
    } else {
      float sums[kPanelCols];
      store_sums(sum[r][0], sum[r][1], sums);
      store_row(sums, target, to);
    }
  }
}

template <typename T, std::size_t... i>
void multiply_rows(std::int64_t rows, const Factors& factors, const Target<T>& target,
                   std::index_sequence<i...>) {
  using Function = void (*)(const Factors&, const Target<T>&);
  static constexpr Function kByStep[] = {&multiply_tile<i + 1, true, T>...};
  static constexpr Function kByRow[] = {&multiply_tile<i + 1, false, T>...};
  const auto& functions = factors.left.row_bytes == kUnitBytes ? kByStep : kByRow;
  functions[rows - 1](factors, target);
}

// All rows times panels that are packed behind `strip.panel`, in tiles of nearly the same height.
template <typename T>
void multiply_strip(std::int64_t rows, const Factors& strip, const Target<T>& target,
                    Ahead& ahead) {
  const std::int64_t num_tiles = (rows + kMaxTileRows - 1) / kMaxTileRows;
  for (std::int64_t tile = 0; tile < num_tiles; ++tile) {
    const std::int64_t begin = tile * rows / num_tiles, end = (tile + 1) * rows / num_tiles;
    Factors factors = strip;
    factors.left.data += begin * strip.left.row_bytes;
    for (std::int64_t j = 0; j < target.cols; j += kPanelCols) {
      factors.panel = strip.panel + j * strip.steps;
      factors.ahead = ahead.take(strip.steps, factors.panel);
      const Target<T> to{target.data + begin * target.row_stride + j, target.row_stride,
                         std::min(kPanelCols, target.cols - j),
                         target.bias == nullptr ? nullptr : target.bias + j, target.accumulate};
      multiply_rows(end - begin, factors, to, std::make_index_sequence<kMaxTileRows>());
    }
  }
}

template <typename T>
void store_empty_sums(const MatrixView<T>& c, const ProductOptions<T>& options) {
  if (options.accumulate) return;
  const std::vector<float> zeros(static_cast<std::size_t>(c.cols));
  const Target<T> target{c.data, c.row_stride, c.cols, options.bias, /*accumulate=*/false};
  for (std::int64_t m = 0; m < c.rows; ++m) {
    store_row(zeros.data(), target, c.data + m * c.row_stride);
  }
}

}  // namespace

template <typename T>
void small_product(const MatrixView<const T>& a, const MatrixView<const T>& b,
                   const MatrixView<T>& c, const ProductOptions<T>& options,
                   ProductScratch& scratch) {
  if (c.col_stride != 1) {
    MOEBENCH_CHECK(c.row_stride == 1 && options.bias == nullptr);
    return small_product<T>(b.transposed(), a.transposed(), c.transposed(), options, scratch);
  }
  if (c.rows == 0 || c.cols == 0) return;
  if (a.cols == 0) return store_empty_sums(c, options);
  MOEBENCH_CHECK(a.row_stride == 1 || a.col_stride == 1);
  MOEBENCH_CHECK(b.row_stride == 1 || b.col_stride == 1);
  const std::int64_t steps = num_steps<T>(a.cols);
  const LeftUnits left = left_units(a, scratch);
  const std::int64_t panel_bytes = steps * kPanelCols * kUnitBytes;
  const std::int64_t strip_cols = std::max<std::int64_t>(kStripBytes / panel_bytes, 1) * kPanelCols;
  const std::int64_t padded_cols = (c.cols + kPanelCols - 1) / kPanelCols * kPanelCols;
  Ahead ahead(options.next);
  float* panels = scratch.panels(std::min(strip_cols, padded_cols) * steps);
  for (std::int64_t begin = 0; begin < c.cols; begin += strip_cols) {
    const std::int64_t cols = std::min(strip_cols, c.cols - begin);
    for (std::int64_t j = 0; j < cols; j += kPanelCols) {
      pack_panel(b, begin + j, std::min(kPanelCols, cols - j), panels + j * steps, scratch);
    }
    const Target<T> target{c.data + begin, c.row_stride, cols,
                           options.bias == nullptr ? nullptr : options.bias + begin,
                           options.accumulate};
    multiply_strip<T>(c.rows, {left, panels, steps, {}}, target, ahead);
  }
}

template void small_product(const MatrixView<const float>&, const MatrixView<const float>&,
                            const MatrixView<float>&, const ProductOptions<float>&,
                            ProductScratch&);
template void small_product(const MatrixView<const Bfloat16>&, const MatrixView<const Bfloat16>&,
                            const MatrixView<Bfloat16>&, const ProductOptions<Bfloat16>&,
                            ProductScratch&);

}  // namespace moebench::kernels
