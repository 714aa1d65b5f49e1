#include "harness/profile/trace.h"

#include <torch/csrc/autograd/profiler_kineto.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/comm/agreement.h"
#include "harness/measure/clock.h"
#include "harness/profile/gpu/lanes.h"
#include "harness/profile/trace_file.h"

namespace moebench::profile {
namespace {

namespace fs = std::filesystem;
namespace kineto = torch::autograd::profiler;
using nlohmann::json;
using torch::profiler::impl::ActivityType;
using torch::profiler::impl::ProfilerConfig;
using torch::profiler::impl::ProfilerState;

std::int64_t real_time_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

ProfilerConfig kineto_config() { return ProfilerConfig(ProfilerState::KINETO); }

}  // namespace

TraceRecorder::TraceRecorder(fs::path folder) : folder_(std::move(folder)) {
  const std::set<ActivityType> activities = {ActivityType::CPU};
  kineto::prepareProfiler(kineto_config(), activities);
  kineto::enableProfiler(
      kineto_config(), activities,
      {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION, at::RecordScope::USER_SCOPE});
  phase_since_ns_ = measure::now_ns();
  real_minus_now_ns_ = real_time_ns() - phase_since_ns_;
  observe_ = std::make_unique<measure::ObservePhases>(*this);
}

TraceRecorder::~TraceRecorder() {
  if (running_) kineto::disableProfiler();
}

void TraceRecorder::on_change(measure::Phase from, measure::Phase to) {
  const std::int64_t now = measure::now_ns();
  if (from == to) return;
  phases_.push_back({to_string(from), phase_since_ns_, now});
  phase_since_ns_ = now;
}

void TraceRecorder::begin_step() {
  const std::int64_t now = measure::now_ns();
  steps_.push_back({"ProfilerStep#" + std::to_string(steps_.size()), now, now});
  phase_since_ns_ = now;
}

void TraceRecorder::end_step() {
  steps_.back().end_ns = measure::now_ns();
  phases_.push_back({to_string(measure::current_phase()), phase_since_ns_, steps_.back().end_ns});
}

void TraceRecorder::stop() {
  observe_.reset();
  running_ = false;
  const auto result = kineto::disableProfiler();
  const fs::path file = folder_ / ("kineto_" + std::to_string(::getpid()) + ".json");
  result->save(file.string());
  read_kineto(file);
  fs::remove(file);
}

// Kineto's times are of the real-time clock, in us since a base that it names.
void TraceRecorder::read_kineto(const fs::path& file) {
  const json document = json::parse(read_file(file));
  const std::int64_t base = document.value("baseTimeNanoseconds", std::int64_t{0});
  const auto now_of = [&](double us) { return base + std::llround(us * 1e3) - real_minus_now_ns_; };
  for (const json& event : document.at("traceEvents")) {
    if (event.value("ph", "") != "X") continue;
    const std::string category = event.value("cat", "");
    if (category != "cpu_op" && category != "user_annotation") continue;
    const double begin = event.at("ts").get<double>();
    operations_.push_back({event.at("name").get<std::string>(), now_of(begin),
                           now_of(begin + event.value("dur", 0.0))});
  }
}

namespace {

enum Lane { kPhases = 0, kCollectives = 1, kOperations = 2 };
constexpr int kMemoryProcesses = 1'000'000;  // above all ranks

class EventWriter {
 public:
  EventWriter(const RankTrace& trace, std::int64_t base_ns)
      : trace_(trace), offset_ns_(trace.clock_offset_ns - base_ns) {}

  json events() {
    name_lanes();
    const auto& recorder = *trace_.recorder;
    add_slices(recorder.phases(), kPhases, "phase", offset_ns_);
    add_slices(recorder.steps(), kOperations, "user_annotation", offset_ns_);
    add_slices(recorder.operations(), kOperations, "cpu_op", offset_ns_);
    for (const CollectiveEvent& event : trace_.collectives->events()) add_collective(event);
    add_gpu();
    add_memory();
    return std::move(events_);
  }
  // Counts, after events(), the arrows that would end before they begin.
  std::int64_t num_arrows_left_out() const { return num_arrows_left_out_; }

 private:
  static double us(std::int64_t ns) { return static_cast<double>(ns) / 1e3; }

  json& add(const char* ph, int tid, std::int64_t ns) {
    return events_.emplace_back(
        json{{"ph", ph}, {"pid", trace_.rank}, {"tid", tid}, {"ts", us(ns)}});
  }

  void name(const char* what, int pid, int tid, const std::string& value) {
    events_.push_back(
        {{"ph", "M"}, {"name", what}, {"pid", pid}, {"tid", tid}, {"args", {{"name", value}}}});
  }

  void name_lanes() {
    name("process_name", trace_.rank, 0, "rank " + std::to_string(trace_.rank));
    name("thread_name", trace_.rank, kPhases, "phases");
    name("thread_name", trace_.rank, kCollectives, "collectives");
    name("thread_name", trace_.rank, kOperations, "operations");
  }

  void add_slice(const std::string& name, const char* category, int lane, std::int64_t begin_ns,
                 std::int64_t end_ns, json args = json::object()) {
    json& event = add("X", lane, begin_ns);
    event["name"] = name;
    event["cat"] = category;
    event["dur"] = us(end_ns - begin_ns);
    if (!args.empty()) event["args"] = std::move(args);
  }

  void add_slices(const std::vector<TraceSlice>& slices, int lane, const char* category,
                  std::int64_t offset_ns) {
    for (const TraceSlice& slice : slices) {
      add_slice(slice.name, category, lane, slice.begin_ns + offset_ns, slice.end_ns + offset_ns);
    }
  }

  // Names the group's first rank, the group and the place in it: the same on all its ranks.
  std::string id_of(const CollectiveEvent& event) const {
    const int first = trace_.collectives->ranks_of_group(event.group).front();
    return std::to_string(event.group) + "." + std::to_string(first) + "." +
           std::to_string(event.sequence);
  }

  // The log's times are rank 0's already.
  void add_collective(const CollectiveEvent& event) {
    const std::int64_t base = offset_ns_ - trace_.clock_offset_ns;
    const std::int64_t block = event.block_ns + base, end = event.end_ns + base;
    const std::string id = id_of(event);
    const json args = {{"id", id},
                       {"phase", to_string(event.phase)},
                       {"bytes", event.bytes},
                       {"wire_bytes", event.wire_bytes},
                       {"ready_us", us(event.start_ns + base)},
                       {"last_rank", event.last_rank}};
    add_slice(to_string(event.kind), "collective", kCollectives, block, end, args);
    if (event.wait_ns() > 0) {
      add_slice("wait for rank " + std::to_string(event.last_rank), "wait", kCollectives, block,
                block + event.wait_ns());
    }
    if (event.start_ns != event.block_ns) {
      add_slice(std::string("start ") + to_string(event.kind), "collective_start", kCollectives,
                event.start_ns + base, event.launched_ns + base, {{"id", id}});
      for (const auto& [ph, at] : {std::pair("b", event.start_ns + base), std::pair("e", end)}) {
        json& async = add(ph, kCollectives, at);
        async["cat"] = "background";
        async["name"] = to_string(event.kind);
        async["id"] = "background " + std::to_string(trace_.rank) + "." + id;
      }
    }
    add_arrow(event, base);
  }

  // Adds an arrow from where the last rank was ready to where another was through; a nanosecond
  // before, so that both ends lie within a slice. Adds none where that is no later: clocks of
  // several hosts agree to microseconds only, a rank that nobody sends anything waits for nobody,
  // and a GPU's work ends behind the call.
  void add_arrow(const CollectiveEvent& event, std::int64_t base) {
    const bool is_last = event.last_rank == trace_.rank;
    const std::int64_t end = is_last                  ? event.last_other_end_ns
                             : event.blocked_ns() > 0 ? event.end_ns
                                                      : INT64_MIN;
    if (end == INT64_MIN || end - 1 <= event.last_start_ns) {
      if (!is_last) ++num_arrows_left_out_;
      return;
    }
    json& flow =
        add(is_last ? "s" : "f", kCollectives, (is_last ? event.start_ns : end - 1) + base);
    flow["cat"] = "collective";
    flow["name"] = to_string(event.kind);
    flow["id"] = flow_id(event);
    if (!is_last) flow["bp"] = "e";
  }

  // Viewers take a number, those in JavaScript of 53 bits at most. GPUs' arrows have bit 52 set.
  std::int64_t flow_id(const CollectiveEvent& event) const {
    const std::int64_t first = trace_.collectives->ranks_of_group(event.group).front();
    MOEBENCH_CHECK(event.group < 1 << 8 && first < 1 << 20 && event.sequence < 1 << 24);
    return std::int64_t{event.group} << 44 | first << 24 | event.sequence;
  }

  void add_gpu() {
    if (trace_.gpu == nullptr) return;
    profile_gpu::GpuLanes lanes = profile_gpu::gpu_lanes(*trace_.gpu, trace_.rank, offset_ns_);
    for (json& event : lanes.events) events_.push_back(std::move(event));
    num_arrows_left_out_ += lanes.num_arrows_left_out;
  }

  void add_memory() {
    if (trace_.memory.empty()) return;
    const int pid = kMemoryProcesses + trace_.rank;
    name("process_name", pid, 0,
         "rank " + std::to_string(trace_.rank) + ", memory pass (a time of its own)");
    const std::int64_t begin = trace_.memory.front().time_ns;
    for (const measure::MemoryMoment& moment : trace_.memory) {
      json args;
      for (std::size_t kind = 0; kind < measure::kNumMemoryKinds; ++kind) {
        args[to_string(static_cast<measure::MemoryKind>(kind))] = moment.bytes[kind];
      }
      events_.push_back({{"ph", "C"},
                         {"name", "tensor bytes"},
                         {"pid", pid},
                         {"tid", 0},
                         {"ts", us(moment.time_ns - begin)},
                         {"args", args}});
    }
  }

  const RankTrace& trace_;
  std::int64_t offset_ns_;
  json events_ = json::array();
  std::int64_t num_arrows_left_out_ = 0;
};

constexpr const char* kLeftOut = "arrowsLeftOut";

fs::path rank_file(const fs::path& folder, int rank) {
  return folder / ("trace_rank_" + std::to_string(rank) + ".json");
}

// The number of arrows that were left out.
std::int64_t write_rank(const RankTrace& trace, std::int64_t begin_ns, json about,
                        const fs::path& folder) {
  EventWriter writer(trace, begin_ns);
  const json events = writer.events();
  about[kLeftOut] = writer.num_arrows_left_out();
  TraceFile file(rank_file(folder, trace.rank), about);
  for (const json& event : events) file.add(event);
  file.commit();
  return writer.num_arrows_left_out();
}

void merge(const fs::path& folder, int num_ranks, std::int64_t num_left_out) {
  TraceFile file(folder / "trace.json", {{"ranks", num_ranks}, {kLeftOut, num_left_out}});
  for (int rank = 0; rank < num_ranks; ++rank) file.add_all_of(rank_file(folder, rank));
  file.commit();
}

// The earliest step of all ranks, in rank 0's time: where the trace begins.
std::int64_t trace_begin(comm::Communicator& world, const RankTrace& trace) {
  const std::int64_t mine = trace.recorder->steps().at(0).begin_ns + trace.clock_offset_ns;
  std::vector<std::int64_t> all(static_cast<std::size_t>(world.size()));
  world.all_gather(&mine, all.data(), sizeof mine);
  return *std::ranges::min_element(all);
}

}  // namespace

void write_trace(comm::Communicator& world, const RankTrace& trace, const fs::path& folder) {
  const std::int64_t begin = trace_begin(world, trace);
  const json about = {{"distributedInfo",
                       {{"backend", "mpi"}, {"rank", trace.rank}, {"world_size", world.size()}}}};
  std::vector<double> num_left_out = {0};
  comm::do_together(world, [&] {
    num_left_out[0] = static_cast<double>(write_rank(trace, begin, about, folder));
  });
  world.all_reduce_sum(num_left_out);
  comm::do_together(world, [&] {
    if (trace.rank == 0) {
      merge(folder, world.size(), static_cast<std::int64_t>(num_left_out[0]));
    }
  });
}

}  // namespace moebench::profile
