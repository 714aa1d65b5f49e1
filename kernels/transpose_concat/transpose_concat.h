#pragma once

#include <cstdint>
#include <span>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

// Streaming stores go past the caches: they pay where the destination is larger than those and is
// not read soon. kAuto streams where this call writes 1 MiB or more.
enum class Stores { kAuto, kCached, kStreaming };

// destination[c x destination_stride + r] = source[r x source_stride + c]: a block of a row-major
// matrix to its place in the transposed one. source: [rows, cols]; strides in elements; no overlap.
// One thread. Streams only where every row of the destination begins on a cache line. Fastest with
// 256 rows or more: shorter runs of the destination are written at a time otherwise.
template <typename T>
void transpose(const T* source, std::int64_t source_stride, std::int64_t rows, std::int64_t cols,
               T* destination, std::int64_t destination_stride, Stores stores = Stores::kAuto);

// The transposed matrices behind one another: destination[m, c, r] = sources[m][r, c].
// sources: matrices of [rows, cols]; destination: [sources, cols, rows]. OpenMP's threads.
template <typename T>
void transpose_concat(std::span<const T* const> sources, std::int64_t rows, std::int64_t cols,
                      T* destination, Stores stores = Stores::kAuto);

}  // namespace moebench::kernels
