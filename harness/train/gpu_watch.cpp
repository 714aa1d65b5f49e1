#include "harness/train/gpu_watch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/error.h"
#include "harness/record/put_metric.h"

namespace moebench::train {
namespace {

void write_text(const std::string& key, const std::string& text, record::RankResult& result) {
  if (!text.empty()) result.environment[key] = text;
}

void write_throttling(const measure::GpuSummary& summary, record::RankResult& result) {
  if (!summary.throttled_share) return;
  put(result.metrics, "gpu_throttled", summary.throttle_reasons.empty() ? 0 : 1);
  put(result.metrics, "gpu_throttled_share", *summary.throttled_share);
  write_text("gpu_throttle_reasons", fmt::format("{}", fmt::join(summary.throttle_reasons, ", ")),
             result);
}

}  // namespace

void write_gpu(const measure::GpuFacts& facts, const measure::GpuSummary& summary,
               record::RankResult& result) {
  using Spread = std::optional<measure::Spread>;
  const auto add = [&](const char* name, const Spread& spread, double measure::Spread::*member) {
    if (spread) put(result.metrics, name, (*spread).*member);
  };
  const auto add_bytes = [&](const char* name, const std::optional<std::int64_t>& bytes) {
    if (bytes) put(result.metrics, name, *bytes);
  };
  add("gpu_sm_clock", summary.sm_clock_hz, &measure::Spread::median);
  add("gpu_sm_clock_min", summary.sm_clock_hz, &measure::Spread::min);
  add("gpu_sm_clock_max", summary.sm_clock_hz, &measure::Spread::max);
  add("gpu_memory_clock", summary.memory_clock_hz, &measure::Spread::median);
  add("gpu_memory_clock_min", summary.memory_clock_hz, &measure::Spread::min);
  add("gpu_power", summary.power_w, &measure::Spread::median);
  add("gpu_power_min", summary.power_w, &measure::Spread::min);
  add("gpu_power_max", summary.power_w, &measure::Spread::max);
  add("gpu_temperature", summary.temperature_c, &measure::Spread::max);
  add("gpu_utilization", summary.busy_share, &measure::Spread::median);
  if (summary.power_limit_w) put(result.metrics, "gpu_power_limit", *summary.power_limit_w);
  add_bytes("gpu_memory_used", summary.memory_used_bytes);
  add_bytes("gpu_memory_total", summary.memory_total_bytes);
  write_throttling(summary, result);
  write_text("gpu_model", facts.model, result);
  write_text("gpu_driver", facts.driver, result);
  write_text("gpu_uuid", facts.uuid, result);
  write_text("gpu_not_watched", summary.complaint, result);
  if (summary.other_processes) {
    result.environment["gpu_other_processes"] = std::to_string(*summary.other_processes);
  }
}

GpuWatch::GpuWatch(const std::string& pci_bus_id, const std::string& library) {
  try {
    sampler_.emplace(pci_bus_id, measure::GpuSampler::kInterval, library);
  } catch (const Error& error) {
    complaint_ = error.what();
  }
}

void GpuWatch::write(record::RankResult& result) {
  if (sampler_) {
    write_gpu(sampler_->facts(), sampler_->stop(), result);
  } else {
    result.environment["gpu_not_watched"] = complaint_;
  }
}

}  // namespace moebench::train
