#include "harness/testing/pairwise.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

namespace moebench {
namespace {

TEST(Pairwise, EveryPairOfChoicesOccurs) {
  const std::vector<std::size_t> sizes = {3, 2, 4, 2, 3};
  const auto rows = pairwise(sizes);
  std::set<std::tuple<std::size_t, std::size_t, std::size_t, std::size_t>> found;
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), sizes.size());
    for (std::size_t a = 0; a < sizes.size(); ++a) {
      EXPECT_LT(row[a], sizes[a]);
      for (std::size_t b = a + 1; b < sizes.size(); ++b) found.insert({a, row[a], b, row[b]});
    }
  }
  std::size_t pairs = 0;
  for (std::size_t a = 0; a < sizes.size(); ++a) {
    for (std::size_t b = a + 1; b < sizes.size(); ++b) pairs += sizes[a] * sizes[b];
  }
  EXPECT_EQ(found.size(), pairs);
  EXPECT_LT(rows.size(), 20U) << "of a product of 144";
}

TEST(Pairwise, IsEachChoiceOfASingleFactor) { EXPECT_EQ(pairwise({3}).size(), 3U); }

}  // namespace
}  // namespace moebench
