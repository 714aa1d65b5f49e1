#include "harness/load/load.h"

#include <sys/resource.h>

#include <numeric>

#include "harness/base/check.h"
#include "harness/load/strategies.h"
#include "harness/machine/process_memory.h"

namespace moebench::load {
namespace {

constexpr std::int64_t kLineBytes = 64;

std::int64_t lines(std::int64_t bytes) {
  return (bytes + kLineBytes - 1) / kLineBytes * kLineBytes;
}

// Calls f with every stack that has no destination yet.
template <typename F>
void for_unplaced(Request& request, F&& f) {
  for (Group& group : request.groups) {
    for (Stack& stack : group.stacks) {
      if (stack.destination == nullptr)
        f(stack, lines(stack.keep_elements * weights::element_bytes(request.dtype)));
    }
  }
}

Memory give_memory(Request& request, Memory::Pages pages) {
  std::int64_t total = 0;
  for_unplaced(request, [&](Stack&, std::int64_t bytes) { total += bytes; });
  Memory memory(total, pages);
  std::byte* next = memory.data();
  for_unplaced(request, [&](Stack& stack, std::int64_t bytes) {
    stack.destination = next;
    next += bytes;
  });
  return memory;
}

// The concat and slice loaders get what a tensor library's allocator gives.
Memory::Pages pages_of(config::Loader loader) {
  switch (loader) {
    case config::Loader::kConcat:
    case config::Loader::kSlice:
      return Memory::Pages::kSystem;
    case config::Loader::kDirect:
    case config::Loader::kBroadcast:
      return Memory::Pages::kHuge;
  }
  MOEBENCH_CHECK(!"a loader outside its enumeration");
}

void touch_destinations(LoadJob& job) {
  std::vector<std::pair<std::byte*, std::int64_t>> ranges;
  for (const Group& group : job.request.groups) {
    for (const Stack& stack : group.stacks) {
      ranges.emplace_back(stack.destination,
                          stack.keep_elements * weights::element_bytes(job.request.dtype));
    }
  }
  std::atomic<std::size_t> next{0};
  run_workers(job.clock, job.options.threads, [&](StageClock& clock, std::int64_t) {
    const InStage in(clock, Stage::kFault);
    for (std::size_t i = next++; i < ranges.size(); i = next++) {
      touch_for_writing(ranges[i].first, ranges[i].second);
    }
  });
}

void run(LoadJob& job) {
  switch (job.options.loader) {
    case config::Loader::kConcat:
      return load_by_concat(job);
    case config::Loader::kSlice:
      return load_by_slice(job);
    case config::Loader::kDirect:
      return load_by_direct(job);
    case config::Loader::kBroadcast:
      MOEBENCH_CHECK(job.options.exchange != nullptr);
      return load_by_broadcast(job);
  }
}

// The other loaders do what shard_moe does, and call nothing of what it calls.
std::vector<FunctionTimes> functions_of_others(StageClock& clock) {
  const StageTimes times = clock.times();
  const std::int64_t total = std::accumulate(times.begin(), times.end(), std::int64_t{0});
  return {{"shard_moe", 1, total, total},
          {"load_sharded_experts_onto_device"},
          {"torch.concat"},
          {"distribute_tensor"}};
}

// Page faults of this process, and its resident memory against that at the start.
class ProcessUse {
 public:
  explicit ProcessUse(bool with_peak_rss) : start_(faults()) {
    if (with_peak_rss && machine::reset_peak_rss()) rss_ = machine::rss_bytes();
  }
  void write(LoadReport& report) const {
    const rusage end = faults();
    report.minor_faults = end.ru_minflt - start_.ru_minflt;
    report.major_faults = end.ru_majflt - start_.ru_majflt;
    const auto peak = machine::peak_rss_bytes();
    if (rss_ && peak) report.peak_rss_bytes = *peak - *rss_;
  }

 private:
  static rusage faults() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage;
  }

  rusage start_;
  std::optional<std::int64_t> rss_;
};

}  // namespace

LoadReport load(const std::filesystem::path& checkpoint, Request& request, Memory& memory,
                const LoadOptions& options) {
  LoadReport report;
  const ProcessUse use(options.measure_peak_rss);
  StageClock clock;
  {
    const auto outer = clock.enter(Stage::kOpen);
    weights::CheckpointFiles files(checkpoint);
    const std::vector<Piece> pieces = find_pieces(request, files);
    clock.enter(outer);
    for (const Piece& piece : pieces) report.bytes_needed += piece.source_bytes();
    memory = give_memory(request, pages_of(options.loader));
    LoadJob job{request, files, pieces, options, clock, report};
    // The concat loader touches as it goes, since it frees as it goes.
    if (options.pages_apart && options.loader != config::Loader::kConcat) touch_destinations(job);
    run(job);
    clock.enter(Stage::kFree);  // closing the files
  }
  if (report.functions.empty()) report.functions = functions_of_others(clock);
  report.stages = clock.times();
  report.total_ns = std::accumulate(report.stages.begin(), report.stages.end(), std::int64_t{0});
  use.write(report);
  return report;
}

}  // namespace moebench::load
