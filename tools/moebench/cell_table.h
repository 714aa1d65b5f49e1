#pragma once

#include <string>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::cli {

// A row of `moebench list` and of `run --dry-run`.
struct CellRow {
  config::CellConfig cell;
  std::string note;  // "slow", "run", "skip: ok", ...
};

// Plain text: a line of the axes that all rows share, then scenario, id, the other axes, the
// estimated memory of the largest rank and the note, in aligned columns.
std::string cell_table(const std::vector<CellRow>& rows);

}  // namespace moebench::cli
