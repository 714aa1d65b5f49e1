#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/small_product/small_product.h"
#include "kernels/small_product/units.h"
#include "kernels/transpose_concat/transpose_concat.h"

// Puts the matrices of a small_product into units.
namespace moebench::kernels {

// Where the unit of a row of the left matrix at a step is: one of both distances is kUnitBytes.
struct LeftUnits {
  const char* data;
  std::int64_t row_bytes, step_bytes;
};

template <typename T>
void widen(const T* from, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = to_float(from[i]);
}

// The units of `depth` elements that lie along the sum.
template <typename T>
void pack_along(const T* from, std::int64_t depth, float* to) {
  if constexpr (kTakesPairs<T>) {
    to[num_steps<T>(depth) - 1] = 0;  // of an odd depth the last unit is half empty
    std::memcpy(to, from, static_cast<std::size_t>(depth) * sizeof(T));
  } else {
    widen(from, depth, to);
  }
}

// The units of `count` neighbours at a step; where pairs are taken the other elements are
// `next` further on, or 0 where there is none.
template <typename T>
void pack_across(const T* from, std::int64_t next, std::int64_t count, float* to) {
  if constexpr (!kTakesPairs<T>) {
    widen(from, count, to);
  } else {
    auto* bytes = reinterpret_cast<char*>(to);
    const std::uint32_t mask = next == 0 ? 0 : 0xffff;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint32_t unit = from[i].bits | (from[next + i].bits & mask) << 16;
      std::memcpy(bytes + i * kUnitBytes, &unit, sizeof unit);
    }
  }
}

// How much further on the second element of a step's pairs is.
template <typename T>
std::int64_t to_second(std::int64_t step, std::int64_t depth, std::int64_t stride) {
  return 2 * step + 1 < depth ? stride : 0;
}

template <typename T>
LeftUnits left_units(const MatrixView<const T>& a, ProductScratch& scratch) {
  constexpr std::int64_t size = sizeof(T);
  const bool in_rows = a.col_stride == 1;
  const auto* data = reinterpret_cast<const char*>(a.data);
  if (size == kUnitBytes) return {data, a.row_stride * size, a.col_stride * size};
  if (kTakesPairs<T> && in_rows && a.cols % 2 == 0) return {data, a.row_stride * size, kUnitBytes};
  const std::int64_t steps = num_steps<T>(a.cols);
  float* units = scratch.left(a.rows * steps);
  const auto* packed = reinterpret_cast<const char*>(units);
  if (in_rows) {
    for (std::int64_t m = 0; m < a.rows; ++m) {
      pack_along(a.data + m * a.row_stride, a.cols, units + m * steps);
    }
    return {packed, steps * kUnitBytes, kUnitBytes};
  }
  for (std::int64_t s = 0; s < steps; ++s) {
    pack_across(a.data + s * Unit<T>::kDepth * a.col_stride, to_second<T>(s, a.cols, a.col_stride),
                a.rows, units + s * a.rows);
  }
  return {packed, kUnitBytes, a.rows * kUnitBytes};
}

// A panel of columns that each lie along the sum.
template <typename T>
void pack_columns(const T* columns, std::int64_t stride, std::int64_t count, std::int64_t depth,
                  float* panel, ProductScratch& scratch) {
  const std::int64_t steps = num_steps<T>(depth);
  constexpr std::int64_t kElements = kUnitBytes / static_cast<std::int64_t>(sizeof(T));
  const auto* units = reinterpret_cast<const float*>(columns);
  std::int64_t unit_stride = stride / kElements;
  const bool is_of_units = Unit<T>::kDepth == kElements && depth % kElements == 0;
  if (!is_of_units || stride % kElements != 0) {
    float* packed = scratch.columns(count * steps);
    for (std::int64_t i = 0; i < count; ++i) {
      pack_along(columns + i * stride, depth, packed + i * steps);
    }
    units = packed;
    unit_stride = steps;
  }
  transpose(units, unit_stride, count, steps, panel, kPanelCols, Stores::kCached);
}

// Columns [begin, begin + count) of b as [steps, kPanelCols] units, filled up with zeros.
template <typename T>
void pack_panel(const MatrixView<const T>& b, std::int64_t begin, std::int64_t count, float* panel,
                ProductScratch& scratch) {
  const std::int64_t steps = num_steps<T>(b.rows);
  if (count < kPanelCols) std::fill_n(panel, steps * kPanelCols, 0.0f);
  const T* first = b.data + begin * b.col_stride;
  if (b.col_stride != 1) {
    return pack_columns(first, b.col_stride, count, b.rows, panel, scratch);
  }
  for (std::int64_t s = 0; s < steps; ++s) {
    pack_across(first + s * Unit<T>::kDepth * b.row_stride, to_second<T>(s, b.rows, b.row_stride),
                count, panel + s * kPanelCols);
  }
}

}  // namespace moebench::kernels
