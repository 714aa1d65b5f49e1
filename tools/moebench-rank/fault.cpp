#include "tools/moebench-rank/fault.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>

#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/measure/clock.h"

namespace moebench {
namespace {

// A sanitizer would report the signal and exit instead.
void leave_to_the_system([[maybe_unused]] int signal) {
#ifdef __SANITIZE_ADDRESS__
  ::signal(signal, SIG_DFL);
#endif
}

[[noreturn]] void fail(const std::string& kind) {
  if (kind == "segv") leave_to_the_system(SIGSEGV);
  if (kind == "kill") ::raise(SIGKILL);
  if (kind == "abort") std::abort();
  if (kind == "segv") ::raise(SIGSEGV);
  if (kind == "exit") std::_Exit(7);
  if (kind == "throw") throw Error(std::string("a fault for tests"));
  if (kind == "oom") throw std::bad_alloc();
  for (;;) ::pause();
}

// Experts 0 and 1 of a layer, each under the other's name.
class SwappedExperts : public weights::ParameterSource {
 public:
  SwappedExperts(std::unique_ptr<weights::ParameterSource> source, std::int64_t layer)
      : source_(std::move(source)),
        prefix_(fmt::format("model.layers.{}.block_sparse_moe.experts.", layer)) {}

  void read(const weights::ParameterSpec& parameter, std::int64_t begin,
            std::span<float> out) const override {
    weights::ParameterSpec other = parameter;
    if (other.name.starts_with(prefix_)) {
      char& expert = other.name[prefix_.size()];
      const bool is_whole = other.name[prefix_.size() + 1] == '.';
      if (is_whole && (expert == '0' || expert == '1')) expert = expert == '0' ? '1' : '0';
    }
    source_->read(other, begin, out);
  }

 private:
  std::unique_ptr<weights::ParameterSource> source_;
  std::string prefix_;
};

struct Fault {
  std::string kind;
  int rank = 0;
  std::int64_t place = 0;  // step, layer or percent
  std::string stage;       // of the save after that many steps; empty: before the step
};

Fault parse_fault(const char* text) {
  char kind[16];
  char stage[32] = "";
  int rank = 0;
  long long place = 0;
  const std::string allowed = "kill abort segv exit hang throw oom swap slow";
  if (std::sscanf(text, "%15[a-z]@%d:%lld/%31[a-z_]", kind, &rank, &place, stage) < 3 ||
      allowed.find(kind) == std::string::npos) {
    throw Error(
        "MOEBENCH_TEST_FAULT='{}' is not <kind>@<rank>:<step, layer or percent>[/<stage>] with "
        "kind one of "
        "{}",
        text, allowed);
  }
  return {kind, rank, place, stage};
}

}  // namespace

void add_fault_from_environment(int rank, train::WorkerOptions& options) {
  const auto text = environment_variable("MOEBENCH_TEST_FAULT");
  if (!text) return;
  const Fault fault = parse_fault(text->c_str());
  if (fault.rank != rank) return;
  if (fault.kind == "swap") {
    options.adapt_source = [fault](std::unique_ptr<weights::ParameterSource> source) {
      return std::make_unique<SwappedExperts>(std::move(source), fault.place);
    };
  } else if (fault.kind == "slow") {
    options.stretch_step = [fault](std::int64_t elapsed_ns) {
      const measure::Stopwatch watch;  // busy, as work is
      while (watch.elapsed_ns() < elapsed_ns * fault.place / 100) {
      }
    };
  } else if (!fault.stage.empty()) {
    options.save.on_stage = [fault](std::int64_t step, checkpoint::Stage stage) {
      if (step == fault.place && to_string(stage) == fault.stage) fail(fault.kind);
    };
  } else {
    options.before_step = [fault](std::int64_t step) {
      if (step == fault.place) fail(fault.kind);
    };
  }
}

}  // namespace moebench
