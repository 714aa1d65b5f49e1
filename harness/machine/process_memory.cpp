#include "harness/machine/process_memory.h"

#include <malloc.h>

#include <fstream>
#include <string>

namespace moebench::machine {
namespace {

std::optional<std::int64_t> status_bytes(const std::string& wanted) {
  std::ifstream status("/proc/self/status");
  std::string key;
  while (status >> key) {
    std::int64_t kibibytes = 0;
    if (key == wanted && status >> kibibytes) return kibibytes * 1024;
    std::getline(status, key);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> rss_bytes() { return status_bytes("VmRSS:"); }
std::optional<std::int64_t> peak_rss_bytes() { return status_bytes("VmHWM:"); }

bool reset_peak_rss() {
  std::ofstream clear("/proc/self/clear_refs");
  clear << "5" << std::flush;
  return clear.good();
}

void return_freed_memory() { ::malloc_trim(0); }

}  // namespace moebench::machine
