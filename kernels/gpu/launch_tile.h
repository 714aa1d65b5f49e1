#pragma once

#include "harness/base/check.h"
#include "kernels/gpu/tile.h"

// Compiled by nvcc a tile is launched on the device; compiled by a C++ compiler alone the same call
// runs it by the host executor, so that the tests cover the launchers too.
#if defined(__CUDACC__)
#include "kernels/gpu/cuda_error.h"
#else
#include "kernels/gpu/host_executor.h"
#endif

namespace moebench::kernels {

constexpr std::int64_t kMaxBlocks = 0x7fffffff;  // of a grid's x axis

#if defined(__CUDACC__)
template <int phase, typename Tile>
__device__ void run_phases(const Tile& tile, ThreadPlace place, typename Tile::Shared& shared,
                           typename Tile::Local& local) {
  tile.template run<phase>(place, shared, local);
  if constexpr (phase + 1 < Tile::kPhases) {
    __syncthreads();
    run_phases<phase + 1>(tile, place, shared, local);
  }
}

template <typename Tile>
__global__ void __launch_bounds__(Tile::kThreads) tile_kernel(const Tile tile) {
  __shared__ typename Tile::Shared shared;
  typename Tile::Local local{};
  run_phases<0>(tile, ThreadPlace{blockIdx.x, static_cast<std::int32_t>(threadIdx.x)}, shared,
                local);
}
#endif

// `name`: of the operation, for errors.
template <typename Tile>
void launch([[maybe_unused]] const char* name, const Tile& tile,
            [[maybe_unused]] CudaStream stream) {
  const std::int64_t blocks = tile.num_blocks();
  MOEBENCH_CHECK(blocks >= 0 && blocks <= kMaxBlocks);
  if (blocks == 0) return;  // CUDA refuses an empty grid
#if defined(__CUDACC__)
  tile_kernel<<<static_cast<unsigned>(blocks), Tile::kThreads, 0, stream>>>(tile);
  check_cuda(cudaGetLastError(), name);
#else
  run_on_host(tile);
#endif
}

}  // namespace moebench::kernels
