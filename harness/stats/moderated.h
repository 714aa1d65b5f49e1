#pragma once

#include <span>
#include <utility>

namespace moebench::stats {

// A variance and the degrees of freedom it was estimated with; 0: nothing is known.
struct Variance {
  double value = 0;
  double df = 0;
};

// Smallest variance that is believed: runs whose logarithms spread less than 1e-4 do not exist, so
// repeated equal readings do not turn into certainty.
inline constexpr double kMinVariance = 1e-8;

// Scaled inverse chi-square prior of a family of variances: G. K. Smyth, "Linear models and
// empirical Bayes methods", Stat. Appl. Genet. Mol. Biol. 3 (2004), section 6.2, by the mean and
// the variance of the log variances. Those without degrees of freedom are left out. Variances that
// spread no more than chance allows have their pooled variance for value.
//
// How alike the variances are is itself an estimate, and a poor one of few: taken at its word, it
// makes a t test reject two to four times as often as it says. So the prior of G variances has at
// most G/4 degrees of freedom, and of fewer than `kMinFamily` nothing is learned: df 0.
inline constexpr int kMinFamily = 8;
Variance fit_prior(std::span<const Variance> variances);

// (d0 s0^2 + d s^2) / (d0 + d) with d0 + d degrees of freedom. {0, 0} where neither prior nor
// variance has any.
Variance moderate(const Variance& prior, const Variance& variance);

// Says how variances of the same things, measured twice, compare.
struct VarianceRatio {
  double ratio = 1;  // geometric mean over the pairs of first / second
  double p = 1;      // P of a larger one where nothing changed
};

// Compares by the mean of the differences of log variances, whose spread is that of the trigamma
// function (as in fit_prior), so that things which differ among themselves are compared each with
// itself. Pairs without degrees of freedom on both sides are left out; where none is left, it
// returns {1, 1}.
VarianceRatio compare_variances(std::span<const std::pair<Variance, Variance>> pairs);

// The y with trigamma(y) = x, for positive x (Smyth 2004, appendix).
double trigamma_inverse(double x);

}  // namespace moebench::stats
