#include "harness/train/profile_metrics.h"

#include <fmt/core.h>

#include <array>
#include <sstream>
#include <utility>

#include "harness/comm/agreement.h"
#include "harness/train/rank_metrics.h"

namespace moebench::train {
namespace {

using measure::Phase;
using profile::Collective;
using profile::CollectiveEvent;

void add(record::Metrics& metrics, const std::string& name, const char* unit, double value) {
  const auto [metric, is_new] = metrics.try_emplace(name, scalar(unit, 0));
  *metric->second.value += value;
}

// The least of these that holds the message, so that tables stay short.
std::string size_bucket(std::int64_t bytes) {
  constexpr std::array kBuckets = {
      std::pair{std::int64_t{1} << 10, "1KiB"}, std::pair{std::int64_t{1} << 15, "32KiB"},
      std::pair{std::int64_t{1} << 20, "1MiB"}, std::pair{std::int64_t{1} << 25, "32MiB"},
      std::pair{std::int64_t{1} << 30, "1GiB"}};
  for (const auto& [limit, name] : kBuckets) {
    if (bytes <= limit) return name;
  }
  return "more";
}

}  // namespace

void write_phases(const measure::PhaseTimes& times, double num_steps, record::Metrics& metrics) {
  for (std::size_t i = 0; i < measure::kNumPhases; ++i) {
    const auto phase = static_cast<Phase>(i);
    if (phase == Phase::kCheckpoint) continue;  // lies between steps
    add(metrics, fmt::format("profile_phase.{}", to_string(phase)), "ns",
        static_cast<double>(times[i]) / num_steps);
  }
}

void write_collectives(const profile::CollectiveLog& log, double num_steps,
                       record::Metrics& metrics) {
  for (const char* name : {"collective_wait", "collective_transfer"}) add(metrics, name, "ns", 0);
  add(metrics, "collective_skew", "ns", static_cast<double>(log.kept_waiting_ns()) / num_steps);
  for (const CollectiveEvent& event : log.events()) {
    const auto per_step = [&](const std::string& name, const char* unit, std::int64_t value) {
      add(metrics, name, unit, static_cast<double>(value) / num_steps);
    };
    per_step("collective_wait", "ns", event.wait_ns());
    per_step("collective_transfer", "ns", event.transfer_ns());
    per_step(fmt::format("profile_wait.{}", to_string(event.phase)), "ns", event.wait_ns());
    const std::string kind =
        fmt::format("collective.{}.{}.", to_string(event.kind), size_bucket(event.bytes));
    const auto group_size = static_cast<int>(log.ranks_of_group(event.group).size());
    per_step(kind + "calls", "1", 1);
    per_step(kind + "bytes", "bytes", event.bytes);
    per_step(kind + "wire_bytes", "bytes", event.wire_bytes);
    // What nccl-tests' bus bandwidth counts; unequal pieces of an all-to-all count as they are.
    const double bus = event.kind == Collective::kAllToAll
                           ? static_cast<double>(event.wire_bytes)
                           : static_cast<double>(event.bytes) * bus_factor(event.kind, group_size);
    add(metrics, kind + "bus_bytes", "bytes", bus / num_steps);
    per_step(kind + "wait", "ns", event.wait_ns());
    per_step(kind + "transfer", "ns", event.transfer_ns());
  }
}

void write_calls(const profile::CallTable& table, double num_steps, record::Metrics& metrics) {
  for (const auto& [key, counts] : table) {
    const std::string name = fmt::format("{}.{}", to_string(key.phase), key.function);
    const auto per_step = [&](const char* what, const char* unit, std::int64_t value) {
      add(metrics, fmt::format("op_{}.{}", what, name), unit,
          static_cast<double>(value) / num_steps);
    };
    per_step("calls", "1", counts.calls);
    per_step("primitive_calls", "1", counts.primitive_calls);
    per_step("own_time", "ns", counts.own_ns);
    per_step("cumulative_time", "ns", counts.cumulative_ns);
  }
}

void write_movements(const std::map<std::string, profile::Movement>& movements, double num_steps,
                     record::Metrics& metrics) {
  for (const auto& [function, movement] : movements) {
    add(metrics, "moved_calls." + function, "1", static_cast<double>(movement.calls) / num_steps);
    add(metrics, "moved_bytes." + function, "bytes",
        static_cast<double>(movement.bytes) / num_steps);
    add(metrics, "moved_time." + function, "ns", static_cast<double>(movement.own_ns) / num_steps);
  }
}

void write_gpu(const profile_gpu::GpuSummary& gpu, double num_steps, record::Metrics& metrics) {
  const auto per_step = [&](const std::string& name, const char* unit, std::int64_t value) {
    add(metrics, name, unit, static_cast<double>(value) / num_steps);
  };
  per_step("gpu_busy_time", "ns", gpu.busy_ns);
  per_step("gpu_idle_time", "ns", gpu.idle_ns);
  per_step("gpu_comm_time", "ns", gpu.communication_ns);
  per_step("gpu_exposed_comm_time", "ns", gpu.exposed_communication_ns);
  per_step("gpu_allocations", "1", gpu.allocations);
  per_step("gpu_allocated_bytes", "bytes", gpu.allocated_bytes);
  for (const auto& [key, total] : gpu.activities) {
    const auto& [phase, name] = key;
    per_step("gpu_time." + phase, "ns", total.time_ns);
    per_step(fmt::format("gpu_activity_calls.{}.{}", phase, name), "1", total.calls);
    per_step(fmt::format("gpu_activity_time.{}.{}", phase, name), "ns", total.time_ns);
  }
  for (std::size_t i = 0; i < measure::kNumPhases; ++i) {
    if (gpu.idle_in_phase[i] == 0) continue;
    per_step(fmt::format("gpu_idle.{}", to_string(static_cast<Phase>(i))), "ns",
             gpu.idle_in_phase[i]);
  }
  for (const auto& [direction, total] : gpu.copies) {
    per_step("gpu_copy_calls." + direction, "1", total.calls);
    per_step("gpu_copy_bytes." + direction, "bytes", total.bytes);
    per_step("gpu_copy_time." + direction, "ns", total.time_ns);
  }
  metrics["gpu_dropped_records"] = scalar("1", static_cast<double>(gpu.dropped));
}

void write_memory_by_phase(const std::vector<measure::MemoryMoment>& timeline,
                           record::Metrics& metrics) {
  std::map<Phase, const measure::MemoryMoment*> largest;
  for (const measure::MemoryMoment& moment : timeline) {
    const measure::MemoryMoment*& best = largest[moment.phase];
    if (best == nullptr || moment.total() > best->total()) best = &moment;
  }
  for (const auto& [phase, moment] : largest) {
    for (std::size_t kind = 0; kind < measure::kNumMemoryKinds; ++kind) {
      metrics[fmt::format("mem_in_phase.{}.{}", to_string(phase),
                          to_string(static_cast<measure::MemoryKind>(kind)))] =
          bytes_metric(moment->bytes[kind]);
    }
  }
}

void share_names(comm::Communicator& world, const std::string& prefix, record::Metrics& metrics) {
  std::string mine;
  for (const auto& [name, metric] : metrics) {
    if (name.starts_with(prefix)) mine += name + "\t" + metric.unit + "\n";
  }
  for (const std::string& text : comm::all_gather_text(world, mine)) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t tab = line.rfind('\t');
      metrics.try_emplace(line.substr(0, tab), scalar(line.substr(tab + 1).c_str(), 0));
    }
  }
}

}  // namespace moebench::train
