#pragma once

#include "kernels/gpu/require.h"
#include "kernels/permute_rows/row_map_view.h"

namespace moebench::kernels {

// A counting sort without atomic operations, so that it is stable and gives the same on every run:
//   HistogramTile   a block has kThreads pairs: each pair's rank among the block's pairs with the
//                   same expert, and how many the block has of each expert
//   BlockScanTile   a block has one expert: how many pairs earlier blocks have of it, and its total
//   OffsetsTile     first rows of the groups
//   PositionTile    rank in the block + pairs of earlier blocks + first row of the group
struct HistogramPlan {
  static constexpr int kThreads = 256;
  RowMapView map;
  std::int32_t* block_counts;  // [num_experts, blocks]
  std::int64_t blocks() const { return divide_up(map.num_pairs, kThreads); }
};

struct HistogramTile {
  static constexpr int kThreads = HistogramPlan::kThreads;
  static constexpr int kPhases = 2;
  struct Shared {
    std::int32_t experts[kThreads];
  };
  struct Local {};
  const std::int32_t* expert_ids;
  HistogramPlan plan;
  std::int64_t blocks;

  std::int64_t num_blocks() const { return blocks; }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local&) const {
    const std::int64_t pair = static_cast<std::int64_t>(place.block) * kThreads + place.thread;
    if constexpr (phase == 0) {
      shared.experts[place.thread] = pair < plan.map.num_pairs ? valid(expert_ids[pair]) : -1;
      for (std::int64_t e = place.thread; e < plan.map.num_experts; e += kThreads) {
        plan.block_counts[e * blocks + place.block] = 0;
      }
    } else if (pair < plan.map.num_pairs) {
      count(place, shared, pair);
    }
  }

 private:
  MOEBENCH_HD std::int32_t valid(std::int32_t expert) const {
    require(expert >= 0 && expert < plan.map.num_experts);
    return expert;
  }
  MOEBENCH_HD void count(ThreadPlace place, const Shared& shared, std::int64_t pair) const {
    const std::int32_t expert = shared.experts[place.thread];
    std::int32_t rank = 0;
    for (int k = 0; k < place.thread; ++k) rank += shared.experts[k] == expert ? 1 : 0;
    bool last = true;
    for (int k = place.thread + 1; k < kThreads; ++k) last = last && shared.experts[k] != expert;
    plan.map.position[pair] = rank;
    if (last) plan.block_counts[expert * blocks + place.block] = rank + 1;
  }
};

struct BlockScanTile {
  static constexpr int kThreads = 256;
  static constexpr int kPhases = 2;
  struct Shared {
    std::int32_t sum[kThreads];
  };
  struct Local {};
  HistogramPlan plan;
  std::int64_t blocks;

  std::int64_t num_blocks() const { return plan.map.num_experts; }

  // A thread has a run of neighbouring blocks.
  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local&) const {
    std::int32_t* const counts = plan.block_counts + place.block * blocks;
    const std::int64_t run_length = divide_up(blocks, kThreads);
    const std::int64_t begin = smaller(place.thread * run_length),
                       end = smaller(begin + run_length);
    if constexpr (phase == 0) {
      std::int32_t sum = 0;
      for (std::int64_t b = begin; b < end; ++b) sum += counts[b];
      shared.sum[place.thread] = sum;
    } else {
      std::int32_t before = 0;
      for (int k = 0; k < place.thread; ++k) before += shared.sum[k];
      for (std::int64_t b = begin; b < end; ++b) {
        const std::int32_t own = counts[b];
        counts[b] = before;
        before += own;
      }
      if (place.thread == kThreads - 1) plan.map.counts[place.block] = before;
    }
  }

 private:
  MOEBENCH_HD std::int64_t smaller(std::int64_t b) const { return b < blocks ? b : blocks; }
};

struct OffsetsTile : OnePhaseTile {
  RowMapView map;
  std::int64_t row_multiple;

  OffsetsTile(const RowMapView& row_map, std::int64_t multiple)
      : map(row_map), row_multiple(multiple) {}
  std::int64_t num_blocks() const { return divide_up(map.num_experts + 1, kThreads); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t e = static_cast<std::int64_t>(place.block) * kThreads + place.thread;
    if (e > map.num_experts) return;
    std::int64_t offset = 0;
    for (std::int64_t k = 0; k < e; ++k) {
      offset += (map.counts[k] + row_multiple - 1) / row_multiple * row_multiple;
    }
    map.offsets[e] = static_cast<std::int32_t>(offset);
  }
};

struct PositionTile : OnePhaseTile {
  const std::int32_t* expert_ids;
  HistogramPlan plan;
  std::int64_t blocks;

  PositionTile(const std::int32_t* ids, const HistogramPlan& histogram_plan)
      : expert_ids(ids), plan(histogram_plan), blocks(histogram_plan.blocks()) {}
  std::int64_t num_blocks() const { return blocks; }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t pair = static_cast<std::int64_t>(place.block) * kThreads + place.thread;
    if (pair >= plan.map.num_pairs) return;
    const std::int64_t expert = expert_ids[pair];
    const std::int64_t first =
        plan.map.offsets[expert] + plan.block_counts[expert * blocks + place.block];
    plan.map.position[pair] += static_cast<std::int32_t>(first);
  }
  static_assert(kThreads == HistogramPlan::kThreads, "block b has the pairs of HistogramTile's b");
};

}  // namespace moebench::kernels
