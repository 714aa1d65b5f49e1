#pragma once

#include <string>
#include <vector>

#include "harness/session/repetitions.h"
#include "reports/crossover/explore.h"

namespace moebench::session {

// Runs those cells of one scenario that tell where expert parallelism starts to win, round by
// round, as crossover::explore says; the others never.
class MapSearch : public Repetitions {
 public:
  // Error where the cells are of several scenarios, or make no map (crossover::map_of).
  MapSearch(std::vector<config::CellConfig> cells, crossover::ExploreRules rules);

  // Cells that have not run and shall not are left out. Of the others, as often as they have run,
  // and the arms of one point more often than that while there is something to find out.
  std::vector<config::CellConfig> wanted(const RecordViews& records) const override;
  std::string report(const RecordViews& records, int repetition) const override;

 private:
  struct Look;
  Look look(const RecordViews& records) const;

  std::vector<config::CellConfig> cells_;
  std::vector<std::string> ids_;  // of the cells
  crossover::ExploreRules rules_;
};

}  // namespace moebench::session
