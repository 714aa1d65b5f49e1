#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/record/record.h"

namespace moebench::imports {

// What one run of a foreign file says: a record without id, scenario, repetition and time, which
// only the results that it is added to can tell.
struct ImportedRun {
  record::CellRecord record;
  // What tells cells apart beside the axes: all that the file says of the run's conditions.
  std::string conditions{};
  std::string place{};  // in the file: "line 12"
};

struct Imported {
  std::vector<ImportedRun> runs;
  std::vector<std::string> remarks{};  // on what was left out, for the user
};

// A foreign harness is a row of the table below: its name on the command line, and its reader.
// Readers throw Error that names `name` and the line where a text is not what it should be.
struct ImporterInfo {
  std::string_view name;
  std::string_view description;
  Imported (*read)(const std::string& text, const std::string& name);
};

std::span<const ImporterInfo> importers();
// Error where there is none; it lists those that there are.
const ImporterInfo& find_importer(std::string_view name);

// A raw summary (CSV) of the benchmarks of fms-acceleration.
Imported read_fms(const std::string& text, const std::string& name);
// A result (JSON) of Google Benchmark.
Imported read_gbench(const std::string& text, const std::string& name);

}  // namespace moebench::imports
