#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/tile.h"

namespace moebench::kernels {

// Holds what a thread moves by one instruction: up to 16 bytes, aligned to their size.
template <typename T, int width>
struct alignas(width * sizeof(T)) Vec {
  T at[width];
};

template <int width, typename T>
MOEBENCH_HD inline Vec<T, width> load(const T* from) {
  return *reinterpret_cast<const Vec<T, width>*>(from);
}

// Four bytes, the first element lowest.
template <int width>
MOEBENCH_HD inline std::uint32_t word(const Vec<float, width>& vec, int i) {
  return std::bit_cast<std::uint32_t>(vec.at[i]);
}
template <int width>
MOEBENCH_HD inline std::uint32_t word(const Vec<Bfloat16, width>& vec, int i) {
  return vec.at[2 * i].bits | static_cast<std::uint32_t>(vec.at[2 * i + 1].bits) << 16;
}

template <int width, typename T>
MOEBENCH_HD inline void store(T* to, const Vec<T, width>& vec) {
#if defined(__CUDA_ARCH__)
  // This takes an intrinsic, since nvcc splits the store of a struct filled element by element.
  if constexpr (sizeof(vec) == sizeof(uint4)) {
    __stwb(reinterpret_cast<uint4*>(to),
           make_uint4(word(vec, 0), word(vec, 1), word(vec, 2), word(vec, 3)));
    return;
  }
#endif
  *reinterpret_cast<Vec<T, width>*>(to) = vec;
}

// fp32 values that belong to a vector of `width` elements of any type, by 16 bytes where that is
// wide enough; `width` is 1 or a multiple of 4.
template <int width>
MOEBENCH_HD inline void load_floats(const float* from, float* to) {
  constexpr int kPiece = width < 4 ? width : 4;
  for (int k = 0; k < width; k += kPiece) {
    const auto piece = load<kPiece>(from + k);
    for (int j = 0; j < kPiece; ++j) to[k + j] = piece.at[j];
  }
}
template <int width>
MOEBENCH_HD inline void store_floats(float* to, const float* from) {
  constexpr int kPiece = width < 4 ? width : 4;
  for (int k = 0; k < width; k += kPiece) {
    Vec<float, kPiece> piece;
    for (int j = 0; j < kPiece; ++j) piece.at[j] = from[k + j];
    store(to + k, piece);
  }
}

template <typename T>
constexpr int kFullWidth = 16 / static_cast<int>(sizeof(T));

template <typename T>
bool is_aligned(const T* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer) % 16 == 0;
}

// Calls launch(width) with the widest vectors that rows of `extent` elements from these pointers
// on allow; `width` is an integral constant.
template <typename Launch, typename T, typename... Rest>
void with_width(std::int64_t extent, Launch launch, const T* pointer, const Rest*... rest) {
  if (extent % kFullWidth<T> == 0 && is_aligned(pointer) && (is_aligned(rest) && ...)) {
    launch(std::integral_constant<int, kFullWidth<T>>());
  } else {
    launch(std::integral_constant<int, 1>());
  }
}

// A grid whose blocks each do one piece of one row.
template <int threads, int width>
struct RowGrid {
  static constexpr std::int64_t kPiece = threads * width;
  std::int64_t extent;   // elements of a row
  std::uint32_t pieces;  // of a row

  explicit RowGrid(std::int64_t row_extent)
      : extent(row_extent), pieces(static_cast<std::uint32_t>(divide_up(row_extent, kPiece))) {}
  MOEBENCH_HD std::int64_t row(ThreadPlace place) const { return place.block / pieces; }
  // The thread's first element in its row; `extent` or more: it has none.
  MOEBENCH_HD std::int64_t column(ThreadPlace place) const {
    return place.block % pieces * kPiece + place.thread * width;
  }
  std::int64_t num_blocks(std::int64_t rows) const { return rows * pieces; }
};

}  // namespace moebench::kernels
