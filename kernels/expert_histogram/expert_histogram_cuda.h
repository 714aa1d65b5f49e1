#pragma once

#include <cstdint>

#include "kernels/gpu/tile.h"
#include "kernels/permute_rows/row_map_view.h"

// permute_rows.h's group_rows on device memory, in the order of `stream`; it returns before it is
// done and throws Error where a launch fails.
namespace moebench::kernels::cuda {

// Elements of `workspace` that group_rows needs.
std::int64_t group_rows_workspace(std::int64_t num_pairs, std::int64_t num_experts);

// Fills map.counts, offsets and position from expert_ids, [map.num_pairs], each in
// [0, map.num_experts): another one ends the kernel with an error. Rows are numbered with 32 bits.
void group_rows(const std::int32_t* expert_ids, std::int64_t row_multiple, const RowMapView& map,
                std::int32_t* workspace, CudaStream stream);

}  // namespace moebench::kernels::cuda
