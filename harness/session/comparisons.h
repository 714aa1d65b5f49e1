#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::session {

// Cells that are compared with each other.
struct Comparison {
  std::vector<std::size_t> arms;  // places among the cells, rising
  std::string name;               // "seq_len=64": what tells it from others; empty: nothing does
  std::vector<std::string> axes;  // that tell its arms apart
};

// The comparisons of cells, in the order of their first arms. Cells of a scenario are compared
// where they are equal in all axes but degrees and those of the baseline, or where none is named,
// engine, parallelism and kernel; in a scenario that varies none of these, all are. A cell of
// several scenarios joins what it is compared with in each.
std::vector<Comparison> comparisons_of(const std::vector<config::CellConfig>& cells);

}  // namespace moebench::session
