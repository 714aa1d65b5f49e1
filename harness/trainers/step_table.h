#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/trainers/trainer_log.h"

namespace moebench::trainers {

// How many steps an entry is of: always one, or all since the entry before it.
enum class Entries { kOfOneStep, kOfAnInterval };

// The steps of one rank, by number. A step that comes once more unchanged is one line that was
// printed twice; one that comes again with other values means that the run was resumed from before
// it, and what followed is trained again.
class StepTable {
 public:
  // A step that the log states as a whole.
  void add(Step step);

  // Steps of another log of the same run, where this one does not have them.
  void add_missing(const StepTable& other);

  // Nothing where there is none.
  Step* find(std::int64_t number);
  // Of the greatest number.
  Step* last();
  bool empty() const { return steps_.empty(); }
  const std::map<std::int64_t, Step>& steps() const { return steps_; }

  // The steps in order, and sentences about those that came again. `whose` names the log in them.
  std::vector<Step> finish(Entries entries, std::string_view whose,
                           std::vector<std::string>& warnings) const;

 private:
  std::map<std::int64_t, Step> steps_;
  std::map<std::int64_t, Step> as_added_;  // before find() let them be changed
  std::int64_t num_repeated_ = 0;
  std::int64_t num_restarts_ = 0;
  std::int64_t first_restart_ = 0;  // the step that it began at
};

}  // namespace moebench::trainers
