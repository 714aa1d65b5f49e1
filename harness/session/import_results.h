#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace moebench::session {

// A file of another harness's results.
struct Import {
  std::string format;  // of imports::importers()
  std::filesystem::path file;
  std::string scenario;          // the heading under which reports show it
  std::filesystem::path folder;  // of the results
  std::string command_line{};
};

struct ImportOutcome {
  std::vector<record::CellRecord> records;
  std::vector<std::string> remarks;  // on what the file had and the records have not
};

// Makes a record of each run that the file tells of, marked `imported` in its environment with the
// file and a hash of it, and adds them to the folder's results.jsonl: all, or none. Runs of equal
// axes and conditions are repetitions of one cell. Throws Error where the file cannot be read, has
// no run, or was imported into the folder before.
ImportOutcome import_results(const Import& import);

}  // namespace moebench::session
