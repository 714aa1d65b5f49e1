#include "reports/compare/log_ratios.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/record/metric_catalogue.h"
#include "harness/stats/distributions.h"
#include "harness/stats/moments.h"

namespace moebench::compare {
namespace {

constexpr double kQuieterError = 0.02;

stats::Variance variance_of(const std::vector<double>& ratios) {
  const stats::Moments moments = stats::moments(ratios);
  return {moments.df() > 0 ? moments.sum_of_squares / moments.df() : 0, moments.df()};
}

stats::Variance pooled(const stats::Variance& a, const stats::Variance& b) {
  const double df = a.df + b.df;
  return {df > 0 ? (a.value * a.df + b.value * b.df) / df : 0, df};
}

// Says how many times the session's variances are the calibration's, where that is significant.
std::optional<double> times_noisier(const std::vector<Differences>& cells) {
  std::vector<std::pair<stats::Variance, stats::Variance>> pairs;
  for (const Differences& cell : cells) {
    pairs.emplace_back(variance_of(cell.session), variance_of(cell.calibration));
  }
  const stats::VarianceRatio compared = stats::compare_variances(pairs);
  return compared.p < kQuieterError ? std::optional(compared.ratio) : std::nullopt;
}

stats::Variance residual_variance(const Differences& cell, bool with_calibration) {
  const stats::Variance session = variance_of(cell.session);
  return with_calibration ? pooled(session, variance_of(cell.calibration)) : session;
}

// By the catalogue; of what it does not know, as the record says.
bool is_rate(const record::CellRecord& record, std::string_view metric) {
  if (const auto* info = record::find_metric(metric)) return info->unit.ends_with("/s");
  const auto found = record.metrics.find(std::string(metric));
  return found != record.metrics.end() && found->second.unit.ends_with("/s");
}

}  // namespace

double Estimate::standard_error() const { return std::sqrt(variance / pairs); }

double Estimate::p_slower() const {
  if (!(df > 0) || pairs == 0) return 1;
  return stats::t_upper_tail(mean / standard_error(), df);
}

double Estimate::p_faster() const {
  if (!(df > 0) || pairs == 0) return 1;
  return stats::t_upper_tail(-mean / standard_error(), df);
}

double Estimate::bound(double error, int direction) const {
  if (!(df > 0) || pairs == 0) return direction * std::numeric_limits<double>::infinity();
  return mean + direction * stats::t_quantile(1 - error, df) * standard_error();
}

SharedNoise share_noise(const std::vector<Differences>& cells) {
  SharedNoise shared;
  const auto noisier = times_noisier(cells);
  if (noisier) {
    shared.note = fmt::format(
        "the calibration is left out: the session was {:.1f} times as noisy; calibrate again",
        std::sqrt(*noisier));
  }
  for (const Differences& cell : cells) {
    shared.residual.push_back(residual_variance(cell, !noisier));
  }
  const stats::Variance prior = stats::fit_prior(shared.residual);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const stats::Moments moments = stats::moments(cells[i].session);
    const stats::Variance variance = stats::moderate(prior, shared.residual[i]);
    shared.estimates.push_back({moments.count, moments.mean, variance.value, variance.df});
  }
  return shared;
}

Estimate suite_mean(const SharedNoise& noise, const std::vector<std::size_t>& cells) {
  Estimate suite;
  double squares = 0;  // sum of (variance of a cell's mean)^2 / df
  for (const std::size_t i : cells) {
    const Estimate& cell = noise.estimates[i];
    const stats::Variance& residual = noise.residual[i];
    if (cell.pairs == 0 || !(residual.df > 0)) continue;
    ++suite.pairs;  // here: cells
    suite.mean += cell.mean;
    const double variance = std::max(residual.value, stats::kMinVariance) / cell.pairs;
    suite.variance += variance;
    squares += variance * variance / residual.df;
  }
  if (suite.pairs == 0) return suite;
  suite.mean /= suite.pairs;
  suite.df = suite.variance * suite.variance / squares;
  suite.variance /= suite.pairs;
  return suite;
}

std::optional<double> log_ratio(const record::CellRecord& base, const record::CellRecord& candidate,
                                std::string_view metric) {
  const auto before = base.value(metric);
  const auto now = candidate.value(metric);
  const auto usable = [](const std::optional<double>& value) {
    return value && std::isfinite(*value) && *value > 0;
  };
  if (!usable(before) || !usable(now)) return std::nullopt;
  return is_rate(base, metric) ? std::log(*before / *now) : std::log(*now / *before);
}

}  // namespace moebench::compare
