#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "harness/record/record.h"

namespace moebench::session {

// Decides what a session of cells does not start any more, by what has failed in it:
//   - a cell that cannot run here, or has failed twice alike: its other repetitions;
//   - the first cells crash or stand still before their first step, three of them alike: the run,
//     which would only wait for the others to do the same;
//   - with `fail_fast` after any failure: the run.
// Failures are alike where disposition and message are, numbers and ids aside. What is not started
// has no record, and so is pending in the next session.
class GiveUp {
 public:
  explicit GiveUp(bool fail_fast) : fail_fast_(fail_fast) {}

  // A repetition has ended. A known failure ends no run.
  struct End {
    bool reached_step = false;  // at least its first, warm-up included
    bool is_known_failure = false;
  };
  void note(const record::CellRecord& record, const End& end);

  // Why no more repetitions of a cell start, as in "..., since it has failed twice alike"; "" where
  // they may.
  std::string reason_against(const std::string& id) const;

  // Why the run ends; "" where it goes on.
  const std::string& reason_to_end() const { return reason_to_end_; }

 private:
  void note_failed_start(const record::CellRecord& record, const std::string& cause);

  bool fail_fast_;
  std::map<std::string, std::set<std::string>> causes_;  // of each cell's failures
  std::map<std::string, std::string> given_up_;          // reasons, by cell
  bool can_start_ = false;                               // a cell has come to its first step
  std::string first_cause_;
  std::set<std::string> failed_alike_;  // cells that failed to start as the first one did
  std::string reason_to_end_;
};

// A failure without what differs from run to run: words with a digit in them, such as numbers, ids
// and addresses.
std::string cause_of(const record::CellRecord& record);

}  // namespace moebench::session
