#pragma once

#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/session/pending.h"

namespace moebench::session {

// Decides how often cells run, by what is on record alone: so an interrupted session goes on where
// it stood, and a finished one runs nothing more.
class Repetitions {
 public:
  virtual ~Repetitions() = default;

  // The cells with as many `repeats` as they want now. `records` are of these cells, those alone
  // that count.
  virtual std::vector<config::CellConfig> wanted(const RecordViews& records) const = 0;

  // What is to be said once a repetition has ended, in lines; "" where there is nothing.
  virtual std::string report(const RecordViews& records, int repetition) const = 0;
};

}  // namespace moebench::session
