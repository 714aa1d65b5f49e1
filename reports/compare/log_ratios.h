#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/record/record.h"
#include "harness/stats/moderated.h"

namespace moebench::compare {

// Log ratios "how much longer the candidate takes", one a pair, of one time metric of one cell.
struct Differences {
  std::string cell;
  std::vector<double> session;
  std::vector<double> calibration;  // A/A pairs
};

// Holds what is known of a cell's mean log ratio.
struct Estimate {
  int pairs = 0;
  double mean = 0;
  double variance = 0;  // of one pair's log ratio
  double df = 0;        // 0: nothing is known of the variance

  double standard_error() const;
  // P of a mean this large where nothing is slower, and of one this small where nothing is faster;
  // 1 where the variance is unknown.
  double p_slower() const;
  double p_faster() const;
  // Returns the one-sided bound with this error: mean -+ t x standard error; infinite if unknown.
  double bound(double error, int direction) const;
};

struct SharedNoise {
  std::vector<Estimate> estimates;        // one a cell, in the order given; variances moderated
  std::vector<stats::Variance> residual;  // likewise, of the cell's own residuals alone
  std::string note;                       // of what became of the calibration; empty: used as it is
};

// A variance a cell, of its residuals in the session and in the calibration; from stats::kMinFamily
// cells on moderated by empirical Bayes (stats::fit_prior). A calibration that is significantly
// quieter than the session (stats::compare_variances, 2 %) is left out: with it, noise would pass
// for a slowdown.
SharedNoise share_noise(const std::vector<Differences>& cells);

// The geometric mean over `cells` (places in `noise`) whose own noise is known, its variance that
// of their residuals with Satterthwaite's degrees of freedom. Variances moderated towards each
// other are no longer independent, as Satterthwaite takes them to be.
Estimate suite_mean(const SharedNoise& noise, const std::vector<std::size_t>& cells);

// log(candidate / base), negated for a rate ("tokens/s"); nullopt unless both values are finite and
// positive.
std::optional<double> log_ratio(const record::CellRecord& base, const record::CellRecord& candidate,
                                std::string_view metric);

}  // namespace moebench::compare
