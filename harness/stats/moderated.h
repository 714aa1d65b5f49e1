#pragma once

#include <span>
#include <utility>

namespace moebench::stats {

// A variance and the degrees of freedom it was estimated with; 0: nothing is known.
struct Variance {
  double value = 0;
  double df = 0;  // may be infinite
};

// Smallest variance that is believed: runs whose logarithms spread less than 1e-4 do not exist, so
// repeated equal readings do not turn into certainty.
inline constexpr double kMinVariance = 1e-8;

// Scaled inverse chi-square prior of a family of variances: G. K. Smyth, "Linear models and
// empirical Bayes methods", Stat. Appl. Genet. Mol. Biol. 3 (2004), section 6.2, by the mean and
// the variance of the log variances. Those without degrees of freedom are left out. Of one alone
// nothing is learned about the spread: df 0. Variances that spread no more than chance allows share
// one value: df infinite, value their pooled variance.
Variance fit_prior(std::span<const Variance> variances);

// (d0 s0^2 + d s^2) / (d0 + d) with d0 + d degrees of freedom, at most `pooled_df`: the sum over
// the family, which is all that was observed. {0, 0} where neither prior nor variance has any.
Variance moderate(const Variance& prior, const Variance& variance, double pooled_df);

// How variances of the same things compare, measured twice.
struct VarianceRatio {
  double ratio = 1;  // geometric mean over the pairs of first / second
  double p = 1;      // P of a larger one where nothing changed
};

// By the mean of the differences of log variances, whose spread is that of the trigamma function
// (as in fit_prior), so that things which differ among themselves are compared each with itself.
// Pairs without degrees of freedom on both sides are left out; where none is left, {1, 1}.
VarianceRatio compare_variances(std::span<const std::pair<Variance, Variance>> pairs);

// The y with trigamma(y) = x, for positive x (Smyth 2004, appendix).
double trigamma_inverse(double x);

}  // namespace moebench::stats
