#include <random>

#include "kernels/expert_histogram/expert_histogram_cuda.h"
#include "kernels/gpu/machine_testing.h"
#include "kernels/permute_rows/permute_rows.h"

namespace moebench::kernels {
namespace {

struct Case {
  std::int64_t pairs, num_experts, row_multiple;
};

// No pairs; one pair; one expert; whole and ragged blocks; more experts than pairs, and than a
// block has threads; more blocks than a scanning block has threads.
constexpr Case kCases[] = {{0, 4, 16},   {1, 1, 1},    {7, 1, 4},   {256, 8, 1},
                           {257, 8, 16}, {5, 300, 16}, {600, 3, 1}, {70000, 5, 8}};

std::vector<std::int32_t> random_experts(const Case& c) {
  std::mt19937 generator(1);
  std::vector<std::int32_t> experts;
  for (std::int64_t i = 0; i < c.pairs; ++i) {
    // Some experts have far more rows than others, and the last one of several has none.
    const auto range = static_cast<std::uint32_t>(std::max<std::int64_t>(c.num_experts - 1, 1));
    experts.push_back(static_cast<std::int32_t>(generator() % (generator() % range + 1)));
  }
  return experts;
}

struct Result {
  std::vector<std::int64_t> counts;
  std::vector<std::int32_t> offsets, position;
};

// Expert after expert, pair after pair.
Result reference(const std::vector<std::int32_t>& experts, const Case& c) {
  Result result;
  result.position.resize(experts.size());
  std::int32_t next = 0;
  for (std::int64_t e = 0; e < c.num_experts; ++e) {
    result.offsets.push_back(next);
    for (std::size_t i = 0; i < experts.size(); ++i) {
      if (experts[i] == e) result.position[i] = next++;
    }
    result.counts.push_back(next - result.offsets.back());
    while (next % c.row_multiple != 0) ++next;
  }
  result.offsets.push_back(next);
  return result;
}

class ExpertHistogramTiles : public MachineTest {
 protected:
  Result grouped(const std::vector<std::int32_t>& experts, const Case& c) {
    Array<std::int32_t> ids(experts), position(c.pairs), offsets(c.num_experts + 1),
        workspace(cuda::group_rows_workspace(c.pairs, c.num_experts));
    Array<std::int64_t> counts(c.num_experts);
    const RowMapView map{position.data(), counts.data(), offsets.data(), c.pairs, c.num_experts};
    cuda::group_rows(ids.data(), c.row_multiple, map, workspace.data(), nullptr);
    return {counts.values(), offsets.values(), position.values()};
  }
};

TEST_F(ExpertHistogramTiles, MatchTheReference) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message() << c.pairs << " pairs, " << c.num_experts << " experts");
    const auto experts = random_experts(c);
    const Result expected = reference(experts, c);
    in_every_order([&] {
      const Result result = grouped(experts, c);
      EXPECT_EQ(result.counts, expected.counts);
      EXPECT_EQ(result.offsets, expected.offsets);
      EXPECT_EQ(result.position, expected.position);
    });
  }
}

TEST_F(ExpertHistogramTiles, GiveTheCpuKernelsMap) {
  const Case c{1000, 6, 16};
  const auto experts = random_experts(c);
  const RowMap map = group_rows(experts, c.num_experts, c.row_multiple);
  const Result result = grouped(experts, c);
  EXPECT_EQ(result.counts, map.counts);
  EXPECT_EQ(result.offsets, std::vector<std::int32_t>(map.offsets.begin(), map.offsets.end()));
  EXPECT_EQ(result.position, map.position);
}

#if !defined(MOEBENCH_ON_DEVICE)
TEST(ExpertHistogramTilesDeathTest, RefuseAnUnknownExpert) {
  std::int32_t ids[] = {0, 2}, position[2], offsets[3], workspace[2];
  std::int64_t counts[2];
  const RowMapView map{position, counts, offsets, 2, 2};
  EXPECT_DEATH(cuda::group_rows(ids, 1, map, workspace, nullptr), "known");
}
#endif

}  // namespace
}  // namespace moebench::kernels
