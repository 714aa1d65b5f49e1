#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "harness/session/fit.h"

namespace moebench::session {

// How long repetitions took that are on record, by cell.
class EarlierTimes {
 public:
  explicit EarlierTimes(std::filesystem::path folder) : folder_(std::move(folder)) {}
  // Of a results folder. One that cannot be read tells nothing, and complaint() why.
  static EarlierTimes read(const std::filesystem::path& folder);

  // Takes those that are ok.
  void add(const record::CellRecord& record);

  const std::filesystem::path& folder() const { return folder_; }
  const std::string& complaint() const { return complaint_; }
  // run_time of each repetition in ns; empty where there is none.
  const std::vector<double>& of(const std::string& id) const;

 private:
  std::filesystem::path folder_;
  std::string complaint_;
  std::map<std::string, std::vector<double>> times_ns_;
};

// A cell, and what of it is to be run.
struct PlannedCell {
  std::string id;
  std::int64_t repetitions = 0;
  bool may_repeat_more = false;  // `repeats: auto`
  MemoryFit memory;
};

// What cells take together, as far as it is known beforehand.
struct Forecast {
  std::int64_t cells = 0;
  std::int64_t repetitions = 0;
  bool may_repeat_more = false;
  std::int64_t largest_bytes = 0;  // of a cell's ranks here together; 0: nobody knows
  double time_ns = 0;              // of the cells that have run before, by their medians
  std::int64_t timed_cells = 0;
  std::int64_t timed_by = 0;  // earlier repetitions
};
Forecast forecast(const std::vector<PlannedCell>& cells, const EarlierTimes& times);

// "4 cells, 12 repetitions; largest memory of a cell's ranks here: 60.3 MB; time: 1.2 min, by 12
// earlier repetitions in results/quickstart"
std::string describe(const Forecast& forecast, const EarlierTimes& times);

}  // namespace moebench::session
