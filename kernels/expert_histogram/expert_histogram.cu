#include "kernels/expert_histogram/expert_histogram_cuda.h"
#include "kernels/expert_histogram/expert_histogram_tile.h"
#include "kernels/gpu/launch_tile.h"

namespace moebench::kernels::cuda {

std::int64_t group_rows_workspace(std::int64_t num_pairs, std::int64_t num_experts) {
  return divide_up(num_pairs, HistogramPlan::kThreads) * num_experts;
}

void group_rows(const std::int32_t* expert_ids, std::int64_t row_multiple, const RowMapView& map,
                std::int32_t* workspace, CudaStream stream) {
  MOEBENCH_CHECK(row_multiple >= 1);
  const HistogramPlan plan{map, workspace};
  launch("group_rows: histogram", HistogramTile{expert_ids, plan, plan.blocks()}, stream);
  launch("group_rows: scan", BlockScanTile{plan, plan.blocks()}, stream);
  launch("group_rows: offsets", OffsetsTile(map, row_multiple), stream);
  launch("group_rows: positions", PositionTile(expert_ids, plan), stream);
}

}  // namespace moebench::kernels::cuda
