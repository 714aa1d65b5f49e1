#include "harness/train/profile_metrics.h"

#include <fmt/core.h>

#include <array>
#include <sstream>
#include <utility>

#include "harness/comm/agreement.h"
#include "harness/record/put_metric.h"

namespace moebench::train {
namespace {

using measure::Phase;
using profile::Collective;
using profile::CollectiveEvent;

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
  for (const Phase phase : measure::kStepPhases) {
    const auto ns = static_cast<double>(times[static_cast<std::size_t>(phase)]);
    if (ns == 0 && is_of_some_models(phase)) continue;
    add(metrics, fmt::format("profile_phase.{}", to_string(phase)), ns / num_steps);
  }
}

void write_collectives(const profile::CollectiveLog& log, double num_steps,
                       record::Metrics& metrics) {
  for (const char* name : {"collective_wait", "collective_transfer"}) add(metrics, name, 0);
  add(metrics, "collective_skew", static_cast<double>(log.kept_waiting_ns()) / num_steps);
  for (const CollectiveEvent& event : log.events()) {
    const auto per_step = [&](const std::string& name, std::int64_t value) {
      add(metrics, name, static_cast<double>(value) / num_steps);
    };
    per_step("collective_wait", event.wait_ns());
    per_step("collective_transfer", event.transfer_ns());
    per_step(fmt::format("profile_wait.{}", to_string(event.phase)), event.wait_ns());
    const std::string kind =
        fmt::format("collective.{}.{}.", to_string(event.kind), size_bucket(event.bytes));
    const auto group_size = static_cast<int>(log.ranks_of_group(event.group).size());
    per_step(kind + "calls", 1);
    per_step(kind + "bytes", event.bytes);
    per_step(kind + "wire_bytes", event.wire_bytes);
    // nccl-tests' bus bandwidth counts this; unequal pieces of an all-to-all count as they are.
    const double bus = event.kind == Collective::kAllToAll
                           ? static_cast<double>(event.wire_bytes)
                           : static_cast<double>(event.bytes) * bus_factor(event.kind, group_size);
    add(metrics, kind + "bus_bytes", bus / num_steps);
    per_step(kind + "wait", event.wait_ns());
    per_step(kind + "transfer", event.transfer_ns());
  }
}

void write_calls(const profile::CallTable& table, double num_steps, record::Metrics& metrics) {
  for (const auto& [key, counts] : table) {
    const std::string name = fmt::format("{}.{}", to_string(key.phase), key.function);
    const auto per_step = [&](const char* what, std::int64_t value) {
      add(metrics, fmt::format("op_{}.{}", what, name), static_cast<double>(value) / num_steps);
    };
    per_step("calls", counts.calls);
    per_step("primitive_calls", counts.primitive_calls);
    per_step("own_time", counts.own_ns);
    per_step("cumulative_time", counts.cumulative_ns);
  }
}

void write_movements(const std::map<std::string, profile::Movement>& movements, double num_steps,
                     record::Metrics& metrics) {
  for (const auto& [function, movement] : movements) {
    add(metrics, "moved_calls." + function, static_cast<double>(movement.calls) / num_steps);
    add(metrics, "moved_bytes." + function, static_cast<double>(movement.bytes) / num_steps);
    add(metrics, "moved_time." + function, static_cast<double>(movement.own_ns) / num_steps);
  }
}

void write_gpu(const profile_gpu::GpuSummary& gpu, double num_steps, record::Metrics& metrics) {
  const auto per_step = [&](const std::string& name, std::int64_t value) {
    add(metrics, name, static_cast<double>(value) / num_steps);
  };
  per_step("gpu_busy_time", gpu.busy_ns);
  per_step("gpu_idle_time", gpu.idle_ns);
  per_step("gpu_unlaunched_time", gpu.unlaunched_ns);
  per_step("gpu_launches", gpu.launches);
  if (gpu.launches > 0) {
    put(metrics, "gpu_launch_lead",
        static_cast<double>(gpu.launch_lead_ns) / static_cast<double>(gpu.launches));
  }
  per_step("gpu_comm_time", gpu.communication_ns);
  per_step("gpu_exposed_comm_time", gpu.exposed_communication_ns);
  per_step("gpu_allocations", gpu.allocations);
  per_step("gpu_allocated_bytes", gpu.allocated_bytes);
  for (const auto& [key, total] : gpu.activities) {
    const auto& [phase, name] = key;
    per_step("gpu_time." + phase, total.time_ns);
    per_step(fmt::format("gpu_activity_calls.{}.{}", phase, name), total.calls);
    per_step(fmt::format("gpu_activity_time.{}.{}", phase, name), total.time_ns);
  }
  for (std::size_t i = 0; i < measure::kNumPhases; ++i) {
    if (gpu.idle_in_phase[i] == 0) continue;
    per_step(fmt::format("gpu_idle.{}", to_string(static_cast<Phase>(i))), gpu.idle_in_phase[i]);
  }
  for (const auto& [direction, total] : gpu.copies) {
    per_step("gpu_copy_calls." + direction, total.calls);
    per_step("gpu_copy_bytes." + direction, total.bytes);
    per_step("gpu_copy_time." + direction, total.time_ns);
  }
  put(metrics, "gpu_dropped_records", gpu.dropped);
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
      put(metrics,
          fmt::format("mem_in_phase.{}.{}", to_string(phase),
                      to_string(static_cast<measure::MemoryKind>(kind))),
          moment->bytes[kind]);
    }
  }
}

void share_families(comm::Communicator& world, record::Metrics& metrics) {
  std::string mine;
  for (const auto& [name, metric] : metrics) {
    if (metric.value && record::metric_info(name).is_family()) mine += name + "\n";
  }
  for (const std::string& text : comm::all_gather_text(world, mine)) {
    std::istringstream lines(text);
    for (std::string name; std::getline(lines, name);) add(metrics, name, 0);
  }
}

}  // namespace moebench::train
