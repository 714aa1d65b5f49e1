#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/record/record.h"

namespace moebench::record {

// A record holds this many random projections of a step's token losses. Their mean squared
// difference between two runs estimates that of all tokens, with a standard error of
// sqrt(2 / this) = 25 %, so the root of it with 13 %.
inline constexpr int kTokenLossProjections = 32;

// Compares one thing that two runs of the same work have in common, and should.
struct Comparison {
  const char* kind = "";  // a literal: "token losses of step"
  std::size_t step = 0;   // from 1
  double difference = 0;  // nan where a number is none
  double allowed = 0;

  std::string quantity() const;  // "token losses of step 1", "loss of measured step 3"

  // Written so that what is no number does not agree.
  bool agrees() const { return difference <= allowed; }
};

// Tells whether two runs that do the same work (CellRecord::workload) compute the same. It judges
// the first steps, which all runs begin in the same state: later on, rounding that differs from arm
// to arm has grown by an amount that depends on learning rate, model and number of steps, and equal
// arms drift apart as one arm does that is started one rounding aside.
//
//   token losses       root mean square over the tokens of a step, from random projections
//   gradient norms     root mean square over the layers of a step, relative
//   loss               of a step, all told
//
// What may differ is measured: each run repeats these steps with every weight one unit in its last
// place off and records by how much token losses and gradient norms move (token_loss_noise,
// layer_grad_noise). Equal arms differ by no more than noise_factor() times the smaller of the two.
// In fp32 two experts whose probabilities are almost equal may be chosen either way; what it does
// to token losses if all such choices fall the other way is measured as well (token_loss_by_ties).
// In bf16 such ties are many, and noise holds its share of them.
//
// Records without these metrics (of before they existed, of other trainers) are judged by loss and
// gradient norm of their first measured steps, with fixed bounds (LossBound).
std::vector<Comparison> comparisons(const CellRecord& run, const CellRecord& reference);

// Tells whether the numbers of this metric, beside its headline, are compared.
bool is_compared(std::string_view metric);

// Returns the first that does not agree.
std::optional<Comparison> disagreement(const CellRecord& run, const CellRecord& reference);

// Returns the root mean square of a[i] - b[i], or of that over |b[i]|; equal numbers, infinite ones
// too, are 0 apart. Needs a.size() == b.size().
double root_mean_square(std::span<const double> a, std::span<const double> b, bool relative);

// Equal arms may differ by this many times what one rounding does to a run.
double noise_factor(const CellRecord& record);

// Largest relative difference of a step's loss and gradient norm where no noise was measured: fp32
// 1e-5 and 1e-4, bf16 5e-4 and 1e-2, wider with fewer than 2048 loss tokens a step.
struct LossBound {
  double loss;
  double grad_norm;
};
LossBound loss_bound(const CellRecord& record);

}  // namespace moebench::record
