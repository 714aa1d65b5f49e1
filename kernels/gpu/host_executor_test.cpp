#include "kernels/gpu/host_executor.h"

#include <gmock/gmock.h>

#include <cmath>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/vec.h"

namespace moebench::kernels {
namespace {

using ::testing::ElementsAre;

struct SmallTile : OnePhaseTile {
  static constexpr int kThreads = 4;
  std::vector<int>* visited;
  std::int64_t blocks;
  std::int64_t num_blocks() const { return blocks; }
  template <int phase>
  void run(ThreadPlace place, Shared&, Local&) const {
    visited->push_back(static_cast<int>(place.block) * 10 + place.thread);
  }
};

TEST(HostExecutor, RunsEveryThreadOfEveryBlockOnceInTheChosenOrder) {
  std::vector<int> visited;
  SmallTile tile;
  tile.visited = &visited;
  tile.blocks = 2;
  run_on_host(tile);
  EXPECT_THAT(visited, ElementsAre(0, 1, 2, 3, 10, 11, 12, 13));
  visited.clear();
  host_order = HostOrder::kReverse;
  run_on_host(tile);
  host_order = HostOrder::kForward;
  EXPECT_THAT(visited, ElementsAre(13, 12, 11, 10, 3, 2, 1, 0));
}

TEST(HostExecutor, RunsNothingOfAnEmptyGrid) {
  std::vector<int> visited;
  SmallTile tile;
  tile.visited = &visited;
  tile.blocks = 0;
  run_on_host(tile);
  EXPECT_TRUE(visited.empty());
}

// Rotates the numbers 0..3 through shared memory: only right with a barrier between the phases.
struct RotateTile {
  static constexpr int kThreads = 4, kPhases = 2;
  struct Shared {
    float value[kThreads];
    float unset;
  };
  struct Local {
    float own;
  };
  float* rotated;
  float* own;
  float* unset;
  std::int64_t num_blocks() const { return 1; }
  template <int phase>
  void run(ThreadPlace place, Shared& shared, Local& local) const {
    if constexpr (phase == 0) {
      local.own += static_cast<float>(place.thread);
      shared.value[place.thread] = local.own;
    } else {
      rotated[place.thread] = shared.value[(place.thread + 1) % kThreads];
      own[place.thread] = local.own;
      *unset = shared.unset;
    }
  }
};

TEST(HostExecutor, HasABarrierBetweenPhasesAndKeepsSharedAndLocalMemory) {
  for (const HostOrder order : {HostOrder::kForward, HostOrder::kReverse}) {
    host_order = order;
    float rotated[4], own[4], unset = 0;
    run_on_host(RotateTile{rotated, own, &unset});
    EXPECT_THAT(rotated, ElementsAre(1, 2, 3, 0));
    EXPECT_THAT(own, ElementsAre(0, 1, 2, 3));
    EXPECT_TRUE(std::isnan(unset)) << "shared memory that was never written";
  }
  host_order = HostOrder::kForward;
}

TEST(Vec, IsUsedOnlyWhereRowsAndPointersAreAligned) {
  alignas(16) float values[12];
  const auto width_of = [&](std::int64_t extent, const float* pointer) {
    int result = 0;
    with_width(
        extent, [&](auto width) { result = width; }, values, pointer);
    return result;
  };
  EXPECT_EQ(width_of(8, values + 4), 4);
  EXPECT_EQ(width_of(6, values + 4), 1);
  EXPECT_EQ(width_of(8, values + 1), 1);
  EXPECT_EQ(kFullWidth<Bfloat16>, 8);
}

template <typename T>
void expect_words_as_in_memory() {
  Vec<T, kFullWidth<T>> vec;
  for (int k = 0; k < kFullWidth<T>; ++k) {
    vec.at[k] = from_float<T>(0.1f * static_cast<float>(k + 1));
  }
  std::uint32_t words[4];
  std::memcpy(words, &vec, sizeof words);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(word(vec, i), words[i]) << i;
}

TEST(Vec, WordsAreWhatLiesInMemory) {
  expect_words_as_in_memory<float>();
  expect_words_as_in_memory<Bfloat16>();
}

TEST(RowGrid, CoversEveryElementOnce) {
  for (const std::int64_t extent : {0, 1, 7, 8, 9, 40}) {
    const RowGrid<4, 2> grid(extent);
    std::vector<int> hits(static_cast<std::size_t>(3 * extent));
    for (std::int64_t block = 0; block < grid.num_blocks(3); ++block) {
      for (std::int32_t thread = 0; thread < 4; ++thread) {
        const ThreadPlace place{static_cast<std::uint32_t>(block), thread};
        for (std::int64_t i = grid.column(place); i < grid.column(place) + 2 && i < extent; ++i) {
          ++hits[static_cast<std::size_t>(grid.row(place) * extent + i)];
        }
      }
    }
    EXPECT_THAT(hits, ::testing::Each(1)) << extent;
  }
}

}  // namespace
}  // namespace moebench::kernels
