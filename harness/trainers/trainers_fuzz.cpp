// libFuzzer's target: any bytes as a trainer's log give an Error or steps in their form, whichever
// adapter reads them. Built by tools/fuzz.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "harness/base/error.h"
#include "harness/trainers/adapter.h"
#include "harness/trainers/step_pattern.h"

namespace moebench::trainers {
namespace {

constexpr const char* kPattern = R"((?<step>\d+)[ ,:]+(?<loss>\S+))";
// A pattern of the fuzzer's may be slow by its nature: it sees the begin of a line.
constexpr std::size_t kMaxSearched = 64;

// A file that lives in memory.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text) : fd_(::memfd_create("fuzz", 0)) {
    if (fd_ < 0 || ::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      std::abort();
    }
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

void check(const TrainerLog& log) {
  for (const RankLog& rank_log : log.ranks) {
    std::int64_t before = 0;
    for (const Step& step : rank_log.steps) {
      if (step.number <= before || step.num_steps < 1) std::abort();
      before = step.number;
    }
  }
}

template <typename Call>
void run(const Call& call) {
  try {
    call();
  } catch (const Error&) {
    // What a bad log may end in.
  }
}

// The name says how an adapter reads a file.
void read_as(const std::string& name, std::string_view text) {
  for (const AdapterInfo& info : adapters()) {
    run([&] {
      const auto adapter = info.make({.pattern = kPattern});
      adapter->begin_file(name);
      std::int64_t number = 0;
      for (std::string_view rest = text; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        adapter->read_line(line, ++number);
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      }
      check(adapter->finish());
    });
  }
}

}  // namespace
}  // namespace moebench::trainers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace moebench::trainers;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::array kNames = {"stdout", "trainer_state.json", "train_loss.csv"};
  read_as(kNames[size % kNames.size()], text);
  run([&] {
    const MemoryFile file(text);
    check(read_log(detect_adapter({file.path()}), {file.path()}));
  });
  run([&] {
    const std::size_t end = text.find('\n');
    const StepPattern pattern(text.substr(0, end));
    pattern.step_in(text.substr(std::min(end, size)).substr(0, kMaxSearched));
  });
  return 0;
}
