#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/names.h"
#include "harness/config/cell.h"
#include "harness/machine/memory_limit.h"

namespace moebench::session {

// What this host has for ranks.
struct Capacity {
  machine::MemoryLimit memory{};
  int cores = 0;                     // that this process may use
  std::vector<std::int64_t> gpus{};  // bytes of memory of each that says so
};
// GPUs are asked for only where a cell may train on one, since that loads the driver's library.
Capacity read_capacity(const std::vector<config::CellConfig>& cells);

enum class Fit { kUnknown, kYes, kUnsure, kNo };
constexpr auto names_of(Fit) {
  return name_table<Fit>(
      {{Fit::kUnknown, "unknown"}, {Fit::kYes, "yes"}, {Fit::kUnsure, "unsure"}, {Fit::kNo, "no"}});
}
using moebench::to_string;

// "23.40 GB", "30.2 MB".
std::string memory_text(std::int64_t bytes);

// Whether the tensors of a cell's ranks fit into the memory of this host, of all or of as many as
// the cell places on one, or of its GPUs.
struct MemoryFit {
  Fit fit = Fit::kUnknown;
  std::int64_t rank_bytes = 0;       // estimate of the largest rank; 0: nobody knows
  std::int64_t together_bytes = 0;   // of all ranks here, or of those that share a GPU
  std::int64_t available_bytes = 0;  // that they may take together; 0: unknown
  // "does not fit: 1.25 GB a rank, 4 ranks, 3.20 GB here"; empty where it fits, or nobody knows.
  std::string text{};
};

// Without the activations, which shorter samples than seq_len make smaller, the estimate is exact
// to a few percent; so kNo is said where the rest alone exceeds what there is by more than
// kEstimateError, kUnsure where the whole estimate comes as near to it. Unknown of other engines.
inline constexpr double kEstimateError = 0.1;
MemoryFit memory_fit(const config::CellConfig& cell, const Capacity& capacity);

// What is most likely not meant by a cell: more threads than cores, unless its ranks may run on
// other hosts, and expert parallelism over one rank. Short sentences.
std::vector<std::string> cell_warnings(const config::CellConfig& cell, const Capacity& capacity,
                                       bool may_leave_host);

// Says once for all cells what cell_warnings() says of each, and names the cells.
std::vector<std::string> plan_warnings(const std::vector<config::CellConfig>& cells,
                                       const Capacity& capacity, bool may_leave_host);

// "4 cells", and the first of them by the axes that vary.
std::string named_cells(const std::vector<config::CellConfig>& cells,
                        const std::vector<std::string>& axes);

}  // namespace moebench::session
