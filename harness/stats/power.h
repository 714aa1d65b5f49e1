#pragma once

#include <optional>

namespace moebench::stats {

// A one-sided paired t test for "slower", on log ratios.
struct PowerDesign {
  double run_noise = 0;  // standard deviation of a run's logarithm; a pair's is sqrt(2) times it
  double alpha = 0.005;  // of this test, after any correction for several
  double noise_df = 0;   // degrees of freedom by which the noise was known before; may be infinite
  double min_estimate = 0;  // log ratio that the estimate must exceed as well; may be -infinite
};

// Probability that a true log ratio `effect` is found with `pairs` pairs; 0 where nothing is known
// of the noise (one pair, noise_df 0).
double detection_power(const PowerDesign& design, double effect, int pairs);

// Fewest pairs that find `effect` with probability `power`, which more pairs only raise; nullopt
// beyond `max_pairs`.
std::optional<int> pairs_needed(const PowerDesign& design, double effect, double power,
                                int max_pairs = 1000);

// Smallest log ratio that `pairs` pairs find with probability `power`; nullopt where none is.
std::optional<double> min_detectable_effect(const PowerDesign& design, int pairs, double power);

}  // namespace moebench::stats
