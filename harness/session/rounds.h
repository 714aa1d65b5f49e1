#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/session/comparisons.h"
#include "harness/session/repetitions.h"
#include "reports/compare/disturbance.h"

namespace moebench::session {

// When a round is made once more. A round of a comparison is one repetition of all its arms.
struct RoundRules {
  compare::DisturbanceRules disturbance = {};
  bool repeats_disturbed = true;
};

// Runs all cells as often as they repeat; more repeats add to what is there.
//
// A round in which a rule of disturbance is broken between an arm and its reference is made again,
// as a further repetition of all arms, until as many are undisturbed as were planned, and at most
// twice as many. A single round proves nothing, so one that was planned alone stays.
//
// With `repeats: auto`, `repeats` are followed by further rounds until the intervals of all gains
// are narrow enough. Whether a gain is significant plays no part: rounds that go on until one is
// would find one in the end, where there is none. A comparison without a reference goes by the
// intervals of its cells' own times.
class Rounds : public Repetitions {
 public:
  Rounds(std::vector<config::CellConfig> cells, RoundRules rules);

  // An arm with a failure among its repetitions takes no further rounds.
  std::vector<config::CellConfig> wanted(const RecordViews& records) const override;

  // What disturbed the repetition and what becomes of that, and how wide the intervals of `repeats:
  // auto` are.
  std::string report(const RecordViews& records, int repetition) const override;

 private:
  struct State;     // what is on record of the first so many rounds
  struct Standing;  // of one comparison by that

  State state_of(const RecordViews& records, int rounds) const;
  Standing standing_of(const Comparison& comparison, const State& state) const;
  void note_disturbed(std::size_t arm, std::size_t reference, State& state) const;
  void add_intervals(std::size_t arm, const State& state, Standing& standing) const;
  void add_own_intervals(const State& state, Standing& standing) const;
  int first_failure(std::size_t arm, const RecordViews& records) const;
  std::string report(const Comparison& comparison, const State& state) const;

  std::vector<config::CellConfig> cells_;
  std::vector<std::string> ids_;  // of the cells
  RoundRules rules_;
  std::vector<Comparison> comparisons_;         // of the cells that repeat
  std::vector<std::vector<std::string>> axes_;  // of each cell's comparison; empty: in none
};

// "3", or with `repeats: auto` "3 to 10".
std::string repeats_text(const config::CellConfig& cell);

}  // namespace moebench::session
