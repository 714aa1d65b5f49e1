#include "kernels/transpose_concat/transpose_concat.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace moebench::kernels {
namespace {

#if defined(__AVX512BW__)
constexpr std::int64_t kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr std::int64_t kVectorBytes = 32;
#else
constexpr std::int64_t kVectorBytes = 16;
#endif
constexpr std::int64_t kLaneBytes = 16;  // what an instruction interleaves within
constexpr std::int64_t kLanes = kVectorBytes / kLaneBytes;
constexpr std::int64_t kLineBytes = 64;
constexpr std::int64_t kMinStreamedBytes = 1 << 20;

// A tile is copied to the cache before it is transposed: rows that lie a power of two apart would
// evict one another from the few places that the cache has for such addresses.
constexpr std::int64_t kTileRows = 256;
constexpr std::int64_t kTileRowBytes = 512;

template <typename T>
constexpr std::int64_t kLaneElements = kLaneBytes / static_cast<std::int64_t>(sizeof(T));
template <typename T>
constexpr std::int64_t kVectorElements = kLanes* kLaneElements<T>;
template <typename T>
constexpr std::int64_t kTileCols = kTileRowBytes / static_cast<std::int64_t>(sizeof(T));
// This is one line more than a row needs, for the same reason.
template <typename T>
constexpr std::int64_t kTileStride = kTileCols<T> +
                                     kLineBytes / static_cast<std::int64_t>(sizeof(T));

template <typename T, std::int64_t bytes>
struct VectorOf;
template <std::int64_t bytes>
struct VectorOf<Bfloat16, bytes> {
  typedef std::uint16_t Type __attribute__((vector_size(bytes)));
};
template <std::int64_t bytes>
struct VectorOf<float, bytes> {
  typedef std::uint32_t Type __attribute__((vector_size(bytes)));
};
template <typename T, std::int64_t bytes = kVectorBytes>
using Vector = typename VectorOf<T, bytes>::Type;

// Elements of a and b in turn, from the lower or the upper half of each lane.
template <typename T, bool upper, std::size_t... i>
Vector<T> interleave(Vector<T> a, Vector<T> b, std::index_sequence<i...>) {
  constexpr std::size_t lane = kLaneElements<T>, all = kVectorElements<T>;
  return __builtin_shufflevector(
      a, b,
      static_cast<int>(i / lane * lane + (upper ? lane / 2 : 0) + i % lane / 2 + i % 2 * all)...);
}

template <typename T, bool upper>
Vector<T> interleave(Vector<T> a, Vector<T> b) {
  return interleave<T, upper>(a, b, std::make_index_sequence<kVectorElements<T>>());
}

template <std::int64_t bytes, typename T, std::size_t... i>
Vector<T, 2 * bytes> join(Vector<T, bytes> a, Vector<T, bytes> b, std::index_sequence<i...>) {
  return __builtin_shufflevector(a, b, static_cast<int>(i)...);
}

// Lane j = the 16 bytes at from + j x stride. Joined in registers: through memory, the load of the
// whole would wait for its parts to be stored.
template <std::int64_t bytes, typename T>
Vector<T, bytes> load_lanes(const T* from, std::int64_t stride) {
  if constexpr (bytes == kLaneBytes) {
    Vector<T, bytes> lane;
    std::memcpy(&lane, from, bytes);
    return lane;
  } else {
    constexpr std::int64_t half = bytes / 2;
    return join<half, T>(load_lanes<half>(from, stride),
                         load_lanes<half>(from + half / kLaneBytes * stride, stride),
                         std::make_index_sequence<bytes / sizeof(T)>());
  }
}

template <bool streaming, typename T>
void store(T* to, Vector<T> vector) {
  if constexpr (streaming) {
#if defined(__AVX512BW__)
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to), reinterpret_cast<__m512i>(vector));
    return;
#elif defined(__AVX2__)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(vector));
    return;
#elif defined(__SSE2__)
    _mm_stream_si128(reinterpret_cast<__m128i*>(to), reinterpret_cast<__m128i>(vector));
    return;
#endif
  }
  std::memcpy(to, &vector, sizeof vector);
}

// A block of kVectorElements rows and kLaneElements columns. An element is at bit position
// (vector, element); each round of interleaving rotates these bits by one, so that as many rounds
// as either has bits exchange the two.
template <bool streaming, typename T>
void transpose_block(const T* source, std::int64_t source_stride, T* destination,
                     std::int64_t destination_stride) {
  constexpr std::int64_t n = kLaneElements<T>;
  Vector<T> v[n], next[n];
  for (std::int64_t k = 0; k < n; ++k) {
    v[k] = load_lanes<kVectorBytes>(source + k * source_stride, n * source_stride);
  }
  for (std::int64_t round = 1; round < n; round *= 2) {
    for (std::int64_t k = 0; k < n / 2; ++k) {
      next[2 * k] = interleave<T, false>(v[k], v[k + n / 2]);
      next[2 * k + 1] = interleave<T, true>(v[k], v[k + n / 2]);
    }
    std::copy(next, next + n, v);
  }
  for (std::int64_t k = 0; k < n; ++k) {
    store<streaming>(destination + k * destination_stride, v[k]);
  }
}

template <bool streaming, typename T>
void transpose_tile(const T* tile, std::int64_t rows, std::int64_t cols, T* destination,
                    std::int64_t destination_stride) {
  const std::int64_t whole_rows = rows / kVectorElements<T> * kVectorElements<T>;
  const std::int64_t whole_cols = cols / kLaneElements<T> * kLaneElements<T>;
  for (std::int64_t c = 0; c < whole_cols; c += kLaneElements<T>) {
    for (std::int64_t r = 0; r < whole_rows; r += kVectorElements<T>) {
      transpose_block<streaming>(tile + r * kTileStride<T> + c, kTileStride<T>,
                                 destination + c * destination_stride + r, destination_stride);
    }
  }
  for (std::int64_t c = 0; c < cols; ++c) {
    for (std::int64_t r = c < whole_cols ? whole_rows : 0; r < rows; ++r) {
      destination[c * destination_stride + r] = tile[r * kTileStride<T> + c];
    }
  }
}

template <bool streaming, typename T>
void transpose_tiles(const T* source, std::int64_t source_stride, std::int64_t rows,
                     std::int64_t cols, T* destination, std::int64_t destination_stride) {
  alignas(kLineBytes) T tile[kTileRows * kTileStride<T>];
  for (std::int64_t r = 0; r < rows; r += kTileRows) {
    const std::int64_t tile_rows = std::min(kTileRows, rows - r);
    for (std::int64_t c = 0; c < cols; c += kTileCols<T>) {
      const std::int64_t tile_cols = std::min(kTileCols<T>, cols - c);
      for (std::int64_t i = 0; i < tile_rows; ++i) {
        std::memcpy(tile + i * kTileStride<T>, source + (r + i) * source_stride + c,
                    static_cast<std::size_t>(tile_cols) * sizeof(T));
      }
      transpose_tile<streaming>(tile, tile_rows, tile_cols,
                                destination + c * destination_stride + r, destination_stride);
    }
  }
}

template <typename T>
bool can_stream(const T* destination, std::int64_t stride) {
  constexpr std::int64_t line = kLineBytes / static_cast<std::int64_t>(sizeof(T));
  return reinterpret_cast<std::uintptr_t>(destination) % kLineBytes == 0 && stride % line == 0;
}

}  // namespace

template <typename T>
void transpose(const T* source, std::int64_t source_stride, std::int64_t rows, std::int64_t cols,
               T* destination, std::int64_t destination_stride, Stores stores) {
  const bool wanted = stores == Stores::kStreaming ||
                      (stores == Stores::kAuto &&
                       rows * cols * static_cast<std::int64_t>(sizeof(T)) >= kMinStreamedBytes);
  if (!wanted || !can_stream(destination, destination_stride)) {
    transpose_tiles<false>(source, source_stride, rows, cols, destination, destination_stride);
    return;
  }
  transpose_tiles<true>(source, source_stride, rows, cols, destination, destination_stride);
#if defined(__SSE2__)
  _mm_sfence();  // streamed data is ordered before whatever tells another thread that it is there
#endif
}

template <typename T>
void transpose_concat(std::span<const T* const> sources, std::int64_t rows, std::int64_t cols,
                      T* destination, Stores stores) {
  const auto num_sources = static_cast<std::int64_t>(sources.size());
  const std::int64_t bytes = num_sources * rows * cols * static_cast<std::int64_t>(sizeof(T));
  if (stores == Stores::kAuto) {
    stores = bytes >= kMinStreamedBytes ? Stores::kStreaming : Stores::kCached;
  }
  const std::int64_t strips = (rows + kTileRows - 1) / kTileRows;
#pragma omp parallel for collapse(2) schedule(static)
  for (std::int64_t m = 0; m < num_sources; ++m) {
    for (std::int64_t strip = 0; strip < strips; ++strip) {
      const std::int64_t r = strip * kTileRows;
      transpose(sources[static_cast<std::size_t>(m)] + r * cols, cols,
                std::min(kTileRows, rows - r), cols, destination + m * rows * cols + r, rows,
                stores);
    }
  }
}

template void transpose(const float*, std::int64_t, std::int64_t, std::int64_t, float*,
                        std::int64_t, Stores);
template void transpose(const Bfloat16*, std::int64_t, std::int64_t, std::int64_t, Bfloat16*,
                        std::int64_t, Stores);
template void transpose_concat(std::span<const float* const>, std::int64_t, std::int64_t, float*,
                               Stores);
template void transpose_concat(std::span<const Bfloat16* const>, std::int64_t, std::int64_t,
                               Bfloat16*, Stores);

}  // namespace moebench::kernels
