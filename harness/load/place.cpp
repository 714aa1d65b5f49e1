#include "harness/load/place.h"

#include <algorithm>
#include <cstring>

#include "harness/base/bfloat16.h"
#include "kernels/transpose_concat/transpose_concat.h"

namespace moebench::load {
namespace {

// Elements are converted in blocks of this many rows and columns, which stay in the cache until
// they are transposed.
constexpr std::int64_t kBlockRows = 256;
constexpr std::int64_t kBlockCols = 256;
constexpr std::int64_t kStreamedBytes = 1 << 20;

// Transposes one matrix [rows, cols] of a file on its way to [cols, rows] in memory.
template <typename T>
class Transposer {
 public:
  Transposer(const Piece& piece, const Request& request, std::vector<std::byte>& scratch,
             StageClock& clock)
      : piece_(piece),
        dtype_(request.dtype),
        destination_(reinterpret_cast<T*>(destination_of(piece, request))),
        scratch_(scratch),
        clock_(clock),
        stores_(piece.num_elements() * static_cast<std::int64_t>(sizeof(T)) >= kStreamedBytes
                    ? kernels::Stores::kStreaming
                    : kernels::Stores::kCached) {}

  // Rows [row, row + rows), columns [col, col + cols). `source` holds the first of these elements;
  // its rows lie `stride` elements apart.
  void block(std::int64_t row, std::int64_t rows, std::int64_t col, std::int64_t cols,
             const std::byte* source, std::int64_t stride) {
    const bool aligned = reinterpret_cast<std::uintptr_t>(source) % alignof(T) == 0;
    if (weights::is_same(piece_.type, dtype_) && aligned) {
      transpose(reinterpret_cast<const T*>(source), stride, row, rows, col, cols);
      return;
    }
    scratch_.resize(static_cast<std::size_t>(kBlockRows * kBlockCols) * sizeof(T));
    T* const block = reinterpret_cast<T*>(scratch_.data());
    const std::int64_t width = weights::element_bytes(piece_.type);
    for (std::int64_t r = 0; r < rows; r += kBlockRows) {
      const std::int64_t block_rows = std::min(kBlockRows, rows - r);
      for (std::int64_t c = 0; c < cols; c += kBlockCols) {
        const std::int64_t block_cols = std::min(kBlockCols, cols - c);
        {
          const InStage in(clock_, Stage::kCast);
          for (std::int64_t i = 0; i < block_rows; ++i) {
            weights::convert(piece_.type, source + ((r + i) * stride + c) * width, dtype_,
                             block + i * block_cols, block_cols);
          }
        }
        transpose(block, block_cols, row + r, block_rows, col + c, block_cols);
      }
    }
  }

 private:
  void transpose(const T* source, std::int64_t stride, std::int64_t row, std::int64_t rows,
                 std::int64_t col, std::int64_t cols) {
    const InStage in(clock_, Stage::kTranspose);
    kernels::transpose(source, stride, rows, cols, destination_ + col * piece_.rows + row,
                       piece_.rows, stores_);
  }

  const Piece& piece_;
  config::Dtype dtype_;
  T* destination_;  // [cols, rows]
  std::vector<std::byte>& scratch_;
  StageClock& clock_;
  kernels::Stores stores_;
};

// A run of elements of a matrix: the end of a row, whole rows, the begin of a row.
template <typename T>
void place_transposed(const Piece& piece, std::int64_t first, std::int64_t count,
                      const std::byte* source, Transposer<T> transposer) {
  const std::int64_t width = weights::element_bytes(piece.type);
  while (count > 0) {
    const std::int64_t row = first / piece.cols, col = first % piece.cols;
    const bool whole = col == 0 && count >= piece.cols;
    const std::int64_t rows = whole ? count / piece.cols : 1;
    const std::int64_t cols = whole ? piece.cols : std::min(count, piece.cols - col);
    transposer.block(row, rows, col, cols, source, piece.cols);
    first += rows * cols;
    count -= rows * cols;
    source += rows * cols * width;
  }
}

}  // namespace

void place(const Piece& piece, const Request& request, std::int64_t first, std::int64_t count,
           const std::byte* source, std::vector<std::byte>& scratch, StageClock& clock) {
  if (piece.transposed) {
    if (request.dtype == config::Dtype::kBf16) {
      place_transposed(piece, first, count, source,
                       Transposer<Bfloat16>(piece, request, scratch, clock));
    } else {
      place_transposed(piece, first, count, source,
                       Transposer<float>(piece, request, scratch, clock));
    }
    return;
  }
  const InStage in(clock,
                   weights::is_same(piece.type, request.dtype) ? Stage::kConcat : Stage::kCast);
  weights::convert(piece.type, source, request.dtype,
                   destination_of(piece, request) + first * weights::element_bytes(request.dtype),
                   count);
}

}  // namespace moebench::load
