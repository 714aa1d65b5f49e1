#include "harness/launch/progress_watch.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "harness/estimate/model_size.h"

namespace moebench::launch {
namespace {

struct Rates {
  double flops = 0;     // FLOP/s
  double messages = 0;  // bytes/s
};
constexpr Rates kCpuRates = {1e9, 100e6};
constexpr Rates kGpuRates = {1e12, 1e9};
constexpr double kStorageRate = 20e6;  // bytes/s
constexpr double kStartS = 600;
constexpr double kEngineS = 1800;  // whose first step may compile for a long time

double parameter_bytes(const config::CellConfig& cell) {
  return static_cast<double>(estimate::num_parameters(cell.model) * element_bytes(cell.dtype));
}

double step_s(const config::CellConfig& cell) {
  // On `auto` the CPU's rates hold for both.
  const Rates& rates = cell.device == config::Device::kCuda ? kGpuRates : kCpuRates;
  const auto micro_batches = static_cast<double>(cell.grad_accumulation);
  const estimate::ModelFlops of_model(cell.model);
  const double flops = of_model.per_sequence(cell.seq_len) + of_model.recomputed(cell.seq_len);
  const double messages = parameter_bytes(cell) * static_cast<double>(cell.gathers + 1);
  return micro_batches *
         (flops * static_cast<double>(cell.micro_batch) / rates.flops + messages / rates.messages);
}

double storage_s(const config::CellConfig& cell) {
  const bool has_moments = cell.checkpoint_every > 0 || !cell.resume_from.empty();
  return parameter_bytes(cell) * (has_moments ? 3 : 1) / kStorageRate;
}

}  // namespace

double progress_limit_s(const config::CellConfig& cell) {
  if (cell.progress_limit_s) return *cell.progress_limit_s;
  if (!cell.engine.is_builtin()) return kEngineS;
  const double step = cell.measure == config::Measure::kTrain ? step_s(cell) : 0;
  return std::ceil(kStartS + std::max(step, storage_s(cell)));
}

std::string progress_limit_note(const std::vector<config::CellConfig>& cells) {
  std::vector<double> limits;
  for (const config::CellConfig& cell : cells) limits.push_back(progress_limit_s(cell));
  std::erase(limits, 0);
  if (limits.empty()) return "no repetition is ended for want of progress";
  const auto [least, most] = std::ranges::minmax(limits);
  const std::string range =
      least == most ? fmt::format("{:g}", most) : fmt::format("{:g} to {:g}", least, most);
  return fmt::format("a repetition is ended after {} s without progress (progress_limit_s)", range);
}

void ProgressWatch::note(const RankProgress& progress, Clock::time_point now) {
  last_ = progress;
  since_ = now;
}

std::string ProgressWatch::complaint(Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - since_).count();
  if (limit_s_ <= 0 || seconds <= limit_s_) return "";
  std::string where = "while it started (launcher, MPI, libraries)";
  if (!last_.phase.empty()) where = fmt::format("in phase '{}'", last_.phase);
  if (last_.of > 0) where += fmt::format(" after {} of {}", last_.step, last_.of);
  return fmt::format(
      "no progress for {:g} s {}; where that is no hang, allow more by progress_limit_s", limit_s_,
      where);
}

}  // namespace moebench::launch
