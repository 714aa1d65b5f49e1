#include "harness/session/fit.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/units.h"
#include "harness/base/words.h"
#include "harness/estimate/memory_estimate.h"
#include "harness/machine/environment.h"
#include "harness/measure/nvml.h"
#include "harness/session/plan.h"

namespace moebench::session {
namespace {

using config::CellConfig;

std::vector<std::int64_t> read_gpus() {
  std::vector<std::int64_t> gpus;
  try {
    for (const std::string& bus_id : measure::NvmlDevice::bus_ids()) {
      const auto bytes = measure::NvmlDevice(bus_id).read().memory_total_bytes;
      if (bytes) gpus.push_back(*bytes);
    }
  } catch (const Error&) {
    // Without a driver, or with a GPU that is lost, the ranks say so.
  }
  return gpus;
}

// That share a host's memory and GPUs.
std::int64_t ranks_of_host(const CellConfig& cell) {
  const bool is_placed = cell.nodes > 0 && cell.processes() == cell.ranks;
  return is_placed ? cell.ranks_per_node : cell.processes();
}

// As device::choose_index decides.
bool trains_on_gpus(const CellConfig& cell, const Capacity& capacity) {
  if (cell.device == config::Device::kCpu || capacity.gpus.empty()) return false;
  return may_share_gpus(cell.device_collectives) ||
         ranks_of_host(cell) <= std::ssize(capacity.gpus);
}

// Ranks that share a memory, and how large it is.
struct Place {
  std::int64_t ranks = 1;
  std::int64_t bytes = 0;
  std::string name;  // behind a size
};

// No bytes where nobody knows.
Place place_of(const CellConfig& cell, const Capacity& capacity) {
  const std::int64_t ranks = ranks_of_host(cell);
  if (trains_on_gpus(cell, capacity)) {
    const std::int64_t gpus = std::ssize(capacity.gpus);
    return {(ranks + gpus - 1) / gpus, std::ranges::max(capacity.gpus), "on a GPU"};
  }
  if (cell.device == config::Device::kCuda) return {};  // it trains nowhere
  return {ranks, capacity.memory.bytes,
          capacity.memory.is_of_group ? "here (the control group's limit)" : "here"};
}

// The part of the estimate that holds whatever the samples are.
std::int64_t certain_bytes(const CellConfig& cell, const estimate::MemoryEstimate& estimate) {
  return estimate.total() - (cell.packing ? 0 : estimate.activations);
}

}  // namespace

std::string memory_text(std::int64_t bytes) {
  const double gigabytes = static_cast<double>(bytes) / kBytesPerGigabyte;
  return gigabytes < 1 ? fmt::format("{:.1f} MB", gigabytes * 1000)
                       : fmt::format("{:.2f} GB", gigabytes);
}

Capacity read_capacity(const std::vector<CellConfig>& cells) {
  const bool asks_gpus = std::ranges::any_of(
      cells, [](const CellConfig& cell) { return cell.device != config::Device::kCpu; });
  return {machine::read_memory_limit(), machine::count_allowed_cores(),
          asks_gpus ? read_gpus() : std::vector<std::int64_t>()};
}

MemoryFit memory_fit(const CellConfig& cell, const Capacity& capacity) {
  if (!cell.engine.is_builtin()) return {};
  const estimate::MemoryEstimate estimate = estimate::estimate_memory(cell);
  const Place place = place_of(cell, capacity);
  MemoryFit fit{.rank_bytes = estimate.total(), .available_bytes = place.bytes};
  // Sizes that no machine has may exceed what is counted in.
  const auto together = [&](std::int64_t bytes) {
    return static_cast<double>(bytes) * static_cast<double>(place.ranks);
  };
  fit.together_bytes = static_cast<std::int64_t>(std::min(together(fit.rank_bytes), 9e18));
  if (place.bytes == 0) return fit;
  const auto available = static_cast<double>(place.bytes);
  const bool is_too_large =
      together(certain_bytes(cell, estimate)) * (1 - kEstimateError) > available;
  const bool is_near = together(fit.rank_bytes) * (1 + kEstimateError) > available;
  fit.fit = is_too_large ? Fit::kNo : is_near ? Fit::kUnsure : Fit::kYes;
  if (fit.fit == Fit::kYes) return fit;
  fit.text = fmt::format("{}: {} a rank{}, {} {}", is_too_large ? "does not fit" : "may not fit",
                         memory_text(fit.rank_bytes),
                         place.ranks == 1 ? "" : fmt::format(", {} ranks", place.ranks),
                         memory_text(place.bytes), place.name);
  return fit;
}

std::string named_cells(const std::vector<CellConfig>& cells,
                        const std::vector<std::string>& axes) {
  std::vector<std::string> names;
  for (const CellConfig& cell : cells) names.push_back(describe(cell, axes));
  return fmt::format("{}: {}", counted(cells.size(), "cell"), listed(names));
}

namespace {

bool is_oversubscribed(const CellConfig& cell, const Capacity& capacity, bool may_leave_host) {
  return !may_leave_host && cell.processes() * cell.threads_per_rank > capacity.cores;
}

bool splits_nothing(const CellConfig& cell) {
  return cell.engine.is_builtin() && cell.parallelism == config::Parallelism::kEp &&
         cell.ep_degree == 1;
}

}  // namespace

std::vector<std::string> cell_warnings(const CellConfig& cell, const Capacity& capacity,
                                       bool may_leave_host) {
  std::vector<std::string> warnings;
  if (is_oversubscribed(cell, capacity, may_leave_host)) {
    warnings.push_back(fmt::format("{} threads on {} cores",
                                   cell.processes() * cell.threads_per_rank, capacity.cores));
  }
  if (splits_nothing(cell)) warnings.emplace_back("ep_degree 1 splits no experts");
  return warnings;
}

std::vector<std::string> plan_warnings(const std::vector<CellConfig>& cells,
                                       const Capacity& capacity, bool may_leave_host) {
  std::vector<CellConfig> oversubscribed, unsplit;
  for (const CellConfig& cell : cells) {
    if (is_oversubscribed(cell, capacity, may_leave_host)) oversubscribed.push_back(cell);
    if (splits_nothing(cell)) unsplit.push_back(cell);
  }
  const auto axes = varying_axes(cells);
  std::vector<std::string> warnings;
  if (!oversubscribed.empty()) {
    warnings.push_back(fmt::format(
        "more threads (ranks x threads_per_rank) than the {} cores here, which slows every step "
        "down, in {}",
        capacity.cores, named_cells(oversubscribed, axes)));
  }
  if (!unsplit.empty()) {
    warnings.push_back(fmt::format("ep_degree is 1, so that no experts are split over ranks, in {}",
                                   named_cells(unsplit, axes)));
  }
  return warnings;
}

}  // namespace moebench::session
