#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define MOEBENCH_HD __host__ __device__
#else
#define MOEBENCH_HD
#endif

// CUDA's stream, declared here so that no CUDA header is needed to pass one on.
struct CUstream_st;

namespace moebench::kernels {

using CudaStream = CUstream_st*;

// Says which thread of which block is running.
struct ThreadPlace {
  std::uint32_t block;
  std::int32_t thread;
};

// A tile is what one thread of a GPU kernel does, written so that the CPU can run it too:
//   kThreads      threads of a block
//   kPhases       a block's threads meet at a barrier between two phases, and nowhere else
//   Shared        memory of the block, uninitialised, lives through all phases
//   Local         registers of the thread, zero at first, live through all phases
//   num_blocks()  blocks of the grid, 0 for no work
//   run<phase>(ThreadPlace, Shared&, Local&) const
// Within a phase no thread may read what another writes: launch_tile.h runs phases between
// barriers, host_executor.h runs a phase's threads one after another in either order.
struct OnePhaseTile {
  static constexpr int kThreads = 256;
  static constexpr int kPhases = 1;
  struct Shared {};
  struct Local {};
};

constexpr std::int64_t divide_up(std::int64_t count, std::int64_t by) {
  return (count + by - 1) / by;
}

}  // namespace moebench::kernels
