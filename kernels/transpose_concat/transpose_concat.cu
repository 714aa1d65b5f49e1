#include <algorithm>

#include "kernels/gpu/launch_tile.h"
#include "kernels/transpose_concat/transpose_concat_cuda.h"
#include "kernels/transpose_concat/transpose_concat_tile.h"

namespace moebench::kernels::cuda {

template <typename T>
void transpose_concat(std::span<const T* const> sources, std::int64_t rows, std::int64_t cols,
                      T* destination, CudaStream stream) {
  const auto count = static_cast<std::int64_t>(sources.size());
  for (std::int64_t begin = 0; begin < count; begin += kMaxLaunchedMatrices) {
    TransposeConcatTile<T> tile{};
    tile.num_sources = std::min(kMaxLaunchedMatrices, count - begin);
    std::copy_n(sources.begin() + begin, tile.num_sources, tile.sources);
    tile.destination = destination + begin * rows * cols;
    tile.rows = rows;
    tile.cols = cols;
    launch("transpose_concat", tile, stream);
  }
}

template void transpose_concat(std::span<const float* const>, std::int64_t, std::int64_t, float*,
                               CudaStream);
template void transpose_concat(std::span<const Bfloat16* const>, std::int64_t, std::int64_t,
                               Bfloat16*, CudaStream);

}  // namespace moebench::kernels::cuda
