#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "reports/write/improvements.h"

namespace moebench::cli {

struct ResultsToLoad {
  std::vector<std::string> folders{};  // or paths of results.jsonl
  std::vector<std::string> labels{};   // one a folder; empty: the folders' names
  std::vector<std::string> filters{};  // axis=value
  bool keep_other_builds = false;
  std::optional<record::Excerpt> excerpt{};  // of each record; all of it without one
};

// Loads the records of all folders; those of several have the axis `results` with their folder's
// label. Of each cell the repetitions of the program that measured it last, unless all are asked
// for; a note on stderr says what was left out. Lines that are no records are warned of there, too,
// and added to `warnings` for the report itself. Error where a folder has no records.
std::vector<record::CellRecord> load_results(const ResultsToLoad& results,
                                             std::vector<std::string>* warnings = nullptr);

// What the folders' records are called: the labels given, or the shortest ends of the paths that
// tell them apart.
std::vector<std::string> labels_of(const ResultsToLoad& results);

// axis=value words of an option.
reports::AxisValues axis_values(const std::vector<std::string>& words, const std::string& option);

}  // namespace moebench::cli
