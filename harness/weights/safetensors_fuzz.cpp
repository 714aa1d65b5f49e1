// libFuzzer's target: any bytes as a safetensors file give an Error or tensors that lie within it.
// Built by tools/fuzz.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "harness/base/error.h"
#include "harness/weights/convert.h"
#include "harness/weights/safetensors.h"

namespace moebench::weights {
namespace {

// A file that lives in memory.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : fd_(::memfd_create("fuzz", 0)) {
    if (fd_ < 0 || ::write(fd_, data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

void read_all(const SafetensorsReader& reader, std::size_t size) {
  for (const auto& [name, info] : reader.tensors()) {
    const bool inside = info.offset >= 0 && info.num_bytes >= 0 &&
                        info.offset + info.num_bytes <= static_cast<std::int64_t>(size);
    if (!inside) std::abort();
    const auto type = source_type(info.dtype);
    if (!type) continue;
    std::vector<float> values(static_cast<std::size_t>(info.num_bytes / element_bytes(*type)));
    reader.read(name, 0, values);
  }
}

}  // namespace
}  // namespace moebench::weights

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const moebench::weights::MemoryFile file(data, size);
  try {
    moebench::weights::read_all(moebench::weights::SafetensorsReader(file.path()), size);
  } catch (const moebench::Error&) {
    // A bad file must end in this.
  }
  return 0;
}
