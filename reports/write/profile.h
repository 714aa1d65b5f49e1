#pragma once

#include <cstddef>
#include <vector>

#include "harness/record/record.h"
#include "reports/write/document.h"

namespace moebench::reports {

struct ProfileOptions {
  std::size_t top = 15;  // rows of a table of operations
};

// Shows what the ok cells' profiles found, in the order given: the hotspots and the moved data of
// all cells, then for each its phases, ranks, operations in the columns of Python's pstats, what
// its GPUs did, collectives and memory. Throws Error where no record has a profile.
Document profile_document(const std::vector<record::CellRecord>& records,
                          const ProfileOptions& options);

}  // namespace moebench::reports
