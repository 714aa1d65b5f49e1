#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "harness/config/cell.h"
#include "harness/config/fields.h"

namespace moebench::config {

using FieldTexts = std::vector<std::pair<std::string, std::string>>;

// "seed 1 (this cell: 2)" for every field in which `cell` does not continue what was trained with
// `stated`, the identity_fields() of another cell, perhaps of another version: a field that they
// lack was at its initial value. FieldRules::free_on_resumption says which may differ.
std::vector<std::string> disagreements(const FieldTexts& stated, const CellConfig& cell,
                                       const Fields& fields = identity_table());

// Micro-batches of one step over all ranks, which a resumed run must keep: the data of a step are
// those of its number and of this.
std::int64_t micro_batches_per_step(const CellConfig& cell);

// Where a repetition's checkpoints lie: in its own folder, or in
// checkpoint_folder/<id>/<repetition>.
std::filesystem::path checkpoint_folder(const CellConfig& cell,
                                        const std::filesystem::path& repetition_folder);

}  // namespace moebench::config
