#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "reports/write/document.h"

namespace moebench::cli {

// A row of `moebench list` and of `run --dry-run`.
struct CellRow {
  config::CellConfig cell;
  std::string id;
  std::string note;               // "slow", "run", "skip: ok", ...
  std::int64_t memory_bytes = 0;  // estimate of the largest rank; 0: nobody knows
};

// The axes that all rows share, then a table of scenario, id, the other axes, the estimated memory
// of the largest rank, where any runs on several hosts what a rank sends for what it computes
// (estimate/traffic.h), and the note.
reports::Document cell_document(const std::vector<CellRow>& rows);

}  // namespace moebench::cli
