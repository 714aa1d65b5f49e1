#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "harness/profile/gpu/activities.h"

namespace moebench::profile_gpu {

// Turns buffers of CUPTI's activity records into ours; their times are of now_ns() already. Needs
// no device: it only reads memory, and of CUPTI asks the size of a record and the name of a call.
class CuptiDecoder {
 public:
  // Adds the records that lie back to back in the first `valid_bytes`; the code whose kernels they
  // name must still be loaded.
  void add(std::uint8_t* buffer, std::size_t valid_bytes);

  // Returns what all buffers held, in the order of their records; of the calls it holds those that
  // launched an activity. Call it once.
  GpuTrace take();

 private:
  void add_record(const void* record, int kind);
  void add_activity(Activity activity, std::uint64_t begin, std::uint64_t end);
  void add_call(const void* record, bool is_driver);
  void add_marker(const void* record);
  const std::string& name_of(const char* symbol);
  const std::string& name_of_call(std::uint32_t call, bool is_driver);

  GpuTrace trace_;
  std::unordered_map<const char*, std::string> kernel_names_;  // CUPTI has one copy of each
  std::unordered_map<std::uint64_t, std::string> call_names_;
  std::unordered_map<std::uint32_t, NvtxRange> open_ranges_;  // by CUPTI's id
};

}  // namespace moebench::profile_gpu
