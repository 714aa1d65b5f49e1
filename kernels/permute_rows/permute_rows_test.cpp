#include "kernels/permute_rows/permute_rows.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

using ::testing::ElementsAre;

TEST(GroupRows, SortsStablyByExpert) {
  const std::vector<std::int32_t> experts{2, 0, 2, 1, 0, 2};
  const RowMap map = group_rows(experts, 4, 1);
  EXPECT_THAT(map.counts, ElementsAre(2, 1, 3, 0));
  EXPECT_THAT(map.offsets, ElementsAre(0, 2, 3, 6, 6));
  EXPECT_THAT(map.position, ElementsAre(3, 0, 4, 2, 1, 5));
  EXPECT_EQ(map.num_rows(), 6);
}

TEST(GroupRows, RoundsGroupsUpToTheMultiple) {
  const std::vector<std::int32_t> experts{2, 0, 2, 2, 2, 2};
  const RowMap map = group_rows(experts, 3, 4);
  EXPECT_THAT(map.counts, ElementsAre(1, 0, 5));
  EXPECT_THAT(map.offsets, ElementsAre(0, 4, 4, 12));
  EXPECT_THAT(map.position, ElementsAre(4, 0, 5, 6, 7, 8));
}

TEST(GroupRows, AcceptsNoTokens) {
  const RowMap map = group_rows({}, 2, 16);
  EXPECT_THAT(map.counts, ElementsAre(0, 0));
  EXPECT_EQ(map.num_rows(), 0);
}

TEST(GroupRowsDeathTest, RefusesAnUnknownExpert) {
  const std::vector<std::int32_t> experts{0, 2};
  EXPECT_DEATH(group_rows(experts, 2, 1), "e < num_experts");
}

struct Case {
  std::int64_t tokens, top_k, hidden, num_experts, row_multiple;
};

// Blocks past 512 columns, more experts than rows, no tokens, groups with padding rows.
constexpr Case kCases[] = {{1, 1, 1, 1, 1},   {7, 2, 37, 4, 1}, {5, 1, 16, 8, 4},
                           {3, 2, 515, 8, 4}, {0, 2, 8, 4, 16}, {9, 2, 5, 2, 16}};

RowMap some_map(const Case& c) {
  std::vector<std::int32_t> experts;
  for (std::int64_t t = 0; t < c.tokens; ++t) {
    for (std::int64_t j = 0; j < c.top_k; ++j) {
      experts.push_back(static_cast<std::int32_t>((t * t + j) % c.num_experts));
    }
  }
  return group_rows(experts, c.num_experts, c.row_multiple);
}

// Row r of the result is `token_rows[t]` times the weight of its pair, or 0 for rows of no token.
std::vector<double> spread(const std::vector<double>& token_rows, const std::vector<float>& weights,
                           const RowMap& map, const Case& c) {
  std::vector<double> rows(static_cast<std::size_t>(map.num_rows() * c.hidden), 0.0);
  for (std::int64_t pair = 0; pair < c.tokens * c.top_k; ++pair) {
    const std::int64_t row = map.position[static_cast<std::size_t>(pair)];
    for (std::int64_t i = 0; i < c.hidden; ++i) {
      rows[static_cast<std::size_t>(row * c.hidden + i)] =
          static_cast<double>(weights[static_cast<std::size_t>(pair)]) *
          token_rows[static_cast<std::size_t>(pair / c.top_k * c.hidden + i)];
    }
  }
  return rows;
}

std::vector<double> combined(const std::vector<double>& rows, const std::vector<double>& weights,
                             const RowMap& map, const Case& c) {
  std::vector<double> y(static_cast<std::size_t>(c.tokens * c.hidden), 0.0);
  for (std::int64_t pair = 0; pair < c.tokens * c.top_k; ++pair) {
    const std::int64_t row = map.position[static_cast<std::size_t>(pair)];
    for (std::int64_t i = 0; i < c.hidden; ++i) {
      y[static_cast<std::size_t>(pair / c.top_k * c.hidden + i)] +=
          weights[static_cast<std::size_t>(pair)] *
          rows[static_cast<std::size_t>(row * c.hidden + i)];
    }
  }
  return y;
}

template <typename T>
class PermuteRows : public ::testing::Test {};
TYPED_TEST_SUITE(PermuteRows, StorageTypes);

TYPED_TEST(PermuteRows, CopiesEachTokenToItsRowsAndClearsTheRest) {
  for (const Case& c : kCases) {
    const RowMap map = some_map(c);
    const auto x = random_values<TypeParam>(c.tokens * c.hidden, 1);
    auto rows = unwritten<TypeParam>(map.num_rows() * c.hidden);
    permute_rows(x.data(), map, c.top_k, c.hidden, rows.data());
    const std::vector<float> ones(map.position.size(), 1.0f);
    EXPECT_EQ(to_doubles(rows), spread(to_doubles(x), ones, map, c));
  }
}

TYPED_TEST(PermuteRows, CombineMatchesTheReference) {
  for (const Case& c : kCases) {
    const RowMap map = some_map(c);
    const auto rows = random_values<TypeParam>(map.num_rows() * c.hidden, 2);
    const auto weights = random_values<float>(c.tokens * c.top_k, 3);
    auto y = unwritten<TypeParam>(c.tokens * c.hidden);
    combine_rows(rows.data(), weights.data(), map, c.top_k, c.hidden, y.data());
    const auto expected = combined(to_doubles(rows), to_doubles(weights), map, c);
    expect_near_norm(y, expected, kTolerance<TypeParam>);
  }
}

TYPED_TEST(PermuteRows, CombineWithoutWeightsUndoesThePermutation) {
  for (const Case& c : kCases) {
    const RowMap map = some_map(c);
    const auto x = random_values<TypeParam>(c.tokens * c.hidden, 4);
    auto rows = unwritten<TypeParam>(map.num_rows() * c.hidden);
    auto y = unwritten<TypeParam>(c.tokens * c.hidden);
    permute_rows(x.data(), map, c.top_k, c.hidden, rows.data());
    combine_rows(rows.data(), nullptr, map, c.top_k, c.hidden, y.data());
    auto expected = to_doubles(x);
    for (double& value : expected) value *= static_cast<double>(c.top_k);
    EXPECT_EQ(to_doubles(y), expected);  // top_k of 1 or 2 is exact
  }
}

TYPED_TEST(PermuteRows, CombineBackwardMatchesFiniteDifferences) {
  for (const Case& c : kCases) {
    const RowMap map = some_map(c);
    const auto rows = random_values<TypeParam>(map.num_rows() * c.hidden, 5);
    const auto dy = random_values<TypeParam>(c.tokens * c.hidden, 6);
    const auto weights = random_values<float>(c.tokens * c.top_k, 7);
    auto drows = unwritten<TypeParam>(map.num_rows() * c.hidden);
    auto dweights = unwritten<float>(c.tokens * c.top_k);
    combine_rows_backward(dy.data(), rows.data(), weights.data(), map, c.top_k, c.hidden,
                          drows.data(), dweights.data());
    const auto x = to_doubles(rows), w = to_doubles(weights), g = to_doubles(dy);
    const auto loss_of_weights = [&](const auto& v) { return dot(g, combined(x, v, map, c)); };
    expect_near_norm(dweights, numeric_gradient(loss_of_weights, w), kTolerance<float>);
    EXPECT_EQ(drows.size(), x.size());
    if (c.hidden < 100) {
      const auto loss_of_rows = [&](const auto& v) { return dot(g, combined(v, w, map, c)); };
      expect_near_norm(drows, numeric_gradient(loss_of_rows, x), kTolerance<TypeParam>);
    } else {
      expect_near_norm(drows, spread(g, weights, map, c), kTolerance<TypeParam>);
    }
  }
}

}  // namespace
}  // namespace moebench::kernels
