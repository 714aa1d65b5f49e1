#include "harness/session/known_gemm_rates.h"

#include <fmt/core.h>

#include "harness/merge/merge.h"
#include "reports/write/gemm_rates.h"

namespace moebench::session {
namespace {

constexpr const char* kMetric = "gemm_flops_per_second";

bool measures_rate(const config::CellConfig& cell) {
  return cell.engine.is_builtin() && cell.measure == config::Measure::kTrain;
}

// What is known of the ranks' conditions before they start.
std::string kind_of(const config::CellConfig& cell) {
  return fmt::format("{} {} {} {} {}", to_string(cell.device), to_string(cell.dtype),
                     cell.processes(), cell.threads_per_rank, to_string(cell.bind));
}

}  // namespace

bool KnownGemmRates::has(const config::CellConfig& cell) const {
  return measures_rate(cell) && measured_.contains(kind_of(cell));
}

void KnownGemmRates::settle(const config::CellConfig& cell, record::CellRecord& record) {
  if (!measures_rate(cell) || record.disposition != record::Disposition::kOk) return;
  const std::string kind = kind_of(cell);
  if (record.metrics.contains(kMetric)) {
    measured_.insert_or_assign(kind, record);
    return;
  }
  const auto found = measured_.find(kind);
  if (found == measured_.end()) return;
  const record::CellRecord& source = found->second;
  if (reports::gemm_conditions(source) != reports::gemm_conditions(record)) {
    measured_.erase(found);
    return;
  }
  record.metrics[kMetric] = source.metrics.at(kMetric);
  merge::add_gemm_shares(record.metrics);
  record.environment[reports::kGemmRateOf] = reports::gemm_measurement(source);
  const std::string change =
      compare::broken_rule(source, "run that measured the GEMM rate", record, "run", rules_);
  if (change.empty()) return;
  record.environment["gemm_rate_since"] = change;
  measured_.erase(found);
}

}  // namespace moebench::session
