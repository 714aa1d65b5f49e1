#include "harness/launch/output_growth.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

// Deeper folders are checkpoints' and profiles', whose files are too many to be asked often.
constexpr int kMaxDepth = 1;

}  // namespace

std::optional<RankProgress> OutputGrowth::poll() {
  std::uintmax_t bytes = 0;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder_, options, error), end; !error && at != end;
       at.increment(error)) {
    if (at.depth() == kMaxDepth) at.disable_recursion_pending();
    std::error_code vanished;
    const std::uintmax_t size = at->is_regular_file(vanished) ? at->file_size(vanished) : 0;
    if (!vanished) bytes += size;
  }
  const bool has_grown = bytes > bytes_;
  bytes_ = bytes;
  if (!has_grown) return std::nullopt;
  return RankProgress{.phase = "training"};
}

}  // namespace moebench::launch
