#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "harness/config/cell.h"

namespace moebench::config {

// Whether a run may continue a checkpoint that was written with another value of this identity
// field ("ranks", "model.hidden_size"): true for what says where and how the same numbers are
// computed, false for all that decides which numbers they are.
bool may_change_on_resumption(std::string_view field);

// Micro-batches of one step over all ranks, which a resumed run must keep: the data of a step are
// those of its number and of this.
std::int64_t micro_batches_per_step(const CellConfig& cell);

// Where a repetition's checkpoints lie: in its own folder, or in
// checkpoint_folder/<id>/<repetition>.
std::filesystem::path checkpoint_folder(const CellConfig& cell,
                                        const std::filesystem::path& repetition_folder);

}  // namespace moebench::config
