#include "harness/launch/output_growth.h"

namespace moebench::launch {

namespace fs = std::filesystem;

std::optional<RankProgress> OutputGrowth::poll() {
  std::uintmax_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    std::error_code vanished;
    const std::uintmax_t size = at->is_regular_file(vanished) ? at->file_size(vanished) : 0;
    if (!vanished) bytes += size;
  }
  if (bytes == bytes_) return std::nullopt;
  bytes_ = bytes;
  return RankProgress{.phase = "training"};
}

}  // namespace moebench::launch
