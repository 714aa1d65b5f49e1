#pragma once

#include <optional>

#include "reports/write/cells.h"
#include "reports/write/comparison.h"
#include "reports/write/table.h"

namespace moebench::reports {

// Tables of the ok cells that take one number apart; empty where it was not measured.

// Live and peak bytes of the phases of the memory pass, the analytic estimate beside them, and what
// the allocator cannot see.
Table memory_table(const ScenarioCells& scenario);

// Shows, for GPUs, what the caching allocator holds of the device, and what is in use beyond it.
Table device_memory_table(const ScenarioCells& scenario);

// A measured step, mean over steps and ranks.
std::optional<double> mean_step_ns(const record::CellRecord& record);

// Seconds of a step, and each phase's share of it, means over ranks.
Table phase_table(const ScenarioCells& scenario);

// Milliseconds of each phase of a step, the cells of a comparison side by side: a reference, and
// beside each cell that is compared with it how much longer each phase takes there. A table for
// each reference, with a heading where there are several; where they are more than
// `kMaxComparisons`, or a comparison has more than `kMaxArms` cells, phase_table.
inline constexpr std::size_t kMaxComparisons = 4;
inline constexpr std::size_t kMaxArms = 6;
void add_phases(Document& document, const Comparison& of, bool is_folded);

}  // namespace moebench::reports
