#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moebench::profile_gpu {

enum class ActivityKind { kKernel, kCopy, kMemset };

// Describes what a GPU did. Times are of now_ns(), as far as CUPTI can match the two clocks.
struct Activity {
  ActivityKind kind = ActivityKind::kKernel;
  std::string name;  // of a kernel; of a copy its direction ("host_to_device"); "memset"
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  std::uint32_t device = 0;
  std::uint32_t stream = 0;
  std::uint32_t correlation = 0;  // of the call that launched it
  std::int64_t bytes = 0;         // copied or set

  std::int64_t duration_ns() const { return end_ns - begin_ns; }
  bool is_communication() const;  // a kernel of NCCL
};

// A call of the CUDA runtime or driver.
struct Launch {
  std::string call;  // "cudaLaunchKernel"
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  std::uint32_t thread = 0;  // the system's number, gettid()
  std::uint32_t correlation = 0;
};

// Device memory that the process took from, or gave back to, the driver. What an allocator that
// caches hands out of its own is none.
struct MemoryOperation {
  bool allocates = true;
  std::int64_t time_ns = 0;
  std::int64_t bytes = 0;
};

// A range of NVTX, of ours (harness/measure/nvtx.h), of NCCL or of another library.
struct NvtxRange {
  std::string name;
  std::string domain;  // empty: the default one
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  std::uint32_t thread = 0;
};

struct GpuTrace {
  std::vector<Activity> activities;
  std::vector<Launch> launches;  // calls that launched nothing may be left out
  std::vector<MemoryOperation> memory;
  std::vector<NvtxRange> ranges;  // those that ended
  std::int64_t dropped = 0;  // records that were lost: no room for them, cut short, without times
  std::int64_t unknown = 0;  // records of kinds that were not asked for
};

}  // namespace moebench::profile_gpu
