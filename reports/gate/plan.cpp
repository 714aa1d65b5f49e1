#include "reports/gate/plan.h"

#include <algorithm>
#include <cmath>

#include "harness/stats/power.h"
#include "reports/compare/log_ratios.h"
#include "reports/gate/gate.h"
#include "reports/gate/pairs.h"

namespace moebench::gate {
namespace {

std::vector<double> log_ratios(const CellPairs& pairs) {
  std::vector<double> ratios;
  for (const Pair* pair : pairs.valid()) {
    const char* metric = record::measures_loading(*pair->base) ? "load_time" : "step_time";
    const auto ratio = compare::log_ratio(*pair->base, *pair->candidate, metric);
    if (ratio) ratios.push_back(*ratio);
  }
  return ratios;
}

// Holds what is known of a cell's noise beforehand.
struct Knowledge {
  std::optional<double> run_noise;
  double df = 0;
  std::optional<double> pair_ns;
};

std::vector<Knowledge> read_calibration(const PlanRequest& request) {
  const auto pairs = collect_pairs(request.calibration, {.busy_cores = request.busy_cores});
  std::vector<compare::Differences> differences;
  std::vector<Knowledge> known(request.cells.size());
  for (std::size_t i = 0; i < request.cells.size(); ++i) {
    differences.push_back({request.cells[i].id, {}, {}});
    const auto found = pairs.find(request.cells[i].id);
    if (found == pairs.end()) continue;
    differences.back().calibration = log_ratios(found->second);
    known[i].pair_ns = pair_time_ns(found->second);
  }
  const compare::SharedNoise noise = compare::share_noise(differences);
  for (std::size_t i = 0; i < known.size(); ++i) {
    known[i].df = noise.estimates[i].df;
    if (known[i].df > 0) known[i].run_noise = std::sqrt(noise.estimates[i].variance / 2);
  }
  return known;
}

}  // namespace

Plan make_plan(const PlanRequest& request) {
  const Rules rules;
  const auto num_cells = static_cast<double>(std::max<std::size_t>(1, request.cells.size()));
  const double share = request.cells.size() > 1 ? 1 - rules.suite_share : 1;
  const double alpha = request.alpha * (1 - record::kReserve);  // of one look
  std::vector<Knowledge> known(request.cells.size());
  if (!request.calibration.empty()) known = read_calibration(request);
  Plan plan;
  int most = 0;
  double round_ns = 0;
  bool is_timed = true, is_known = !request.cells.empty();
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (request.noise) known[i].run_noise = request.noise;
    CellPlan cell{request.cells[i].id, known[i].run_noise, {}, {}, known[i].pair_ns};
    if (cell.noise) {
      const stats::PowerDesign design{.run_noise = *cell.noise,
                                      .alpha = alpha * share / num_cells,
                                      .noise_df = known[i].df,
                                      .min_estimate = std::log1p(rules.min_estimate)};
      cell.pairs = stats::pairs_needed(design, std::log1p(request.effect), kPower);
      const auto smallest = stats::min_detectable_effect(design, kUsualPairs, kPower);
      if (smallest) cell.smallest = std::expm1(*smallest);
    }
    is_known = is_known && cell.pairs;
    is_timed = is_timed && cell.pair_ns;
    most = std::max(most, cell.pairs.value_or(0));
    round_ns += cell.pair_ns.value_or(0);
    plan.cells.push_back(std::move(cell));
  }
  if (is_known) plan.pairs = most;
  if (is_known && is_timed) plan.time_ns = round_ns * most;
  return plan;
}

}  // namespace moebench::gate
