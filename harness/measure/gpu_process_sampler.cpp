#include "harness/measure/gpu_process_sampler.h"

#include <algorithm>
#include <set>
#include <utility>

#include "harness/base/error.h"

namespace moebench::measure {
namespace {

template <typename T>
void keep_larger(std::optional<T>& peak, const std::optional<T>& value) {
  if (value && (!peak || *value > *peak)) peak = value;
}

}  // namespace

struct GpuProcessSampler::Watched {
  Watched(const std::string& pci_bus_id, const std::string& library) : device(pci_bus_id, library) {
    identity.pci_bus_id = pci_bus_id;
    identity.model = device.facts().model;
    identity.uuid = device.facts().uuid;
  }

  void start() {
    figure = identity;
    memory_of.clear();
    first_energy_j = last_energy_j = last_power_w = std::nullopt;
    integral_j = integrated_s = 0;
  }
  void look(double now_s);
  record::GpuFigure result(const std::set<int>& pids_of_run) const;

  NvmlDevice device;
  record::GpuFigure identity;
  record::GpuFigure figure;
  std::map<pid_t, std::optional<std::int64_t>> memory_of;
  std::optional<double> first_energy_j;
  std::optional<double> last_energy_j;
  std::optional<double> last_power_w;
  double last_power_at_s = 0;
  double integral_j = 0;  // of the power, by trapezoids
  double integrated_s = 0;

 private:
  void add_power(double power_w, double now_s);
};

void GpuProcessSampler::Watched::look(double now_s) {
  if (!figure.complaint.empty()) return;
  GpuUse use;
  try {
    use = device.use();
  } catch (const Error& error) {
    // The run's program will tell more of a lost device than the driver can.
    figure.complaint = error.what();
    return;
  }
  ++figure.num_samples;
  keep_larger(figure.memory_peak_bytes, use.memory_used_bytes);
  keep_larger(figure.power_peak_w, use.power_w);
  if (use.power_w) add_power(*use.power_w, now_s);
  if (!first_energy_j) first_energy_j = use.energy_j;
  last_energy_j = use.energy_j;
  if (!use.processes) return;
  for (const GpuProcess& process : *use.processes) {
    keep_larger(memory_of[process.pid], process.memory_used_bytes);
  }
}

void GpuProcessSampler::Watched::add_power(double power_w, double now_s) {
  if (last_power_w) {
    const double passed_s = now_s - last_power_at_s;
    integral_j += (*last_power_w + power_w) / 2 * passed_s;
    integrated_s += passed_s;
  }
  last_power_w = power_w;
  last_power_at_s = now_s;
}

record::GpuFigure GpuProcessSampler::Watched::result(const std::set<int>& pids_of_run) const {
  record::GpuFigure result = figure;
  if (integrated_s > 0) {
    result.power_w = integral_j / integrated_s;
    result.energy_j = integral_j;
  }
  // A counter that goes back was reset with the driver.
  if (first_energy_j && last_energy_j && *last_energy_j >= *first_energy_j) {
    result.energy_j = *last_energy_j - *first_energy_j;
    result.is_energy_counted = true;
  }
  for (const auto& [pid, memory] : memory_of) {
    if (pids_of_run.contains(pid)) {
      result.processes.push_back({.pid = pid, .memory_peak_bytes = memory});
    } else {
      ++result.num_other_processes;
    }
  }
  return result;
}

GpuProcessSampler::GpuProcessSampler(const std::string& library, machine::SamplerClocks clocks)
    : clocks_(std::move(clocks)) {
  try {
    for (const std::string& id : NvmlDevice::bus_ids(library)) {
      devices_.push_back(std::make_unique<Watched>(id, library));
    }
    if (devices_.empty()) not_watched_ = "NVML shows no device";
  } catch (const Error& error) {
    devices_.clear();
    not_watched_ = error.what();
  }
}

GpuProcessSampler::~GpuProcessSampler() = default;

void GpuProcessSampler::start() {
  start_s_ = clocks_.wall_s();
  budget_ = machine::CostBudget(kCostShare);
  cost_s_ = last_cost_s_ = 0;
  for (const auto& device : devices_) device->start();
  look();
}

void GpuProcessSampler::tick() {
  if (budget_.allows(clocks_.wall_s() - start_s_, last_cost_s_)) look();
}

void GpuProcessSampler::look() {
  if (devices_.empty()) return;
  const double now_s = clocks_.wall_s() - start_s_;
  const double before_s = clocks_.thread_cpu_s();
  for (const auto& device : devices_) device->look(now_s);
  last_cost_s_ = clocks_.thread_cpu_s() - before_s;
  budget_.spend(now_s, last_cost_s_);
  cost_s_ += last_cost_s_;
}

void GpuProcessSampler::finish(record::ProcessFigures& figures) {
  look();
  std::set<int> pids;
  for (const record::ProcessFigure& process : figures.processes) pids.insert(process.pid);
  figures.gpus.clear();
  for (const auto& device : devices_) figures.gpus.push_back(device->result(pids));
  figures.gpus_not_watched = not_watched_;
  if (figures.wall_s > 0) figures.cost_share += cost_s_ / figures.wall_s;
}

}  // namespace moebench::measure
