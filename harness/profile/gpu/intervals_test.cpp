#include "harness/profile/gpu/intervals.h"

#include <gtest/gtest.h>

#include <random>

namespace moebench::profile_gpu {
namespace {

TEST(Intervals, UnionJoinsWhatOverlapsTouchesOrLiesWithin) {
  EXPECT_EQ(union_of({{5, 7}, {0, 4}, {3, 5}, {1, 2}, {9, 9}, {12, 10}, {20, 21}}),
            (Intervals{{0, 7}, {20, 21}}));
  EXPECT_EQ(union_of({}), Intervals{});
}

TEST(Intervals, DifferenceCutsHolesAndEnds) {
  const Intervals a = {{0, 10}, {20, 30}};
  EXPECT_EQ(difference(a, {{2, 3}, {5, 22}, {29, 40}}), (Intervals{{0, 2}, {3, 5}, {22, 29}}));
  EXPECT_EQ(difference(a, {}), a);
  EXPECT_EQ(difference(a, {{-5, 50}}), Intervals{});
  EXPECT_EQ(difference({}, a), Intervals{});
}

TEST(Intervals, IntersectionIsWhatBothHave) {
  EXPECT_EQ(intersection({{0, 10}, {20, 30}}, {{5, 25}, {28, 29}}),
            (Intervals{{5, 10}, {20, 25}, {28, 29}}));
  EXPECT_EQ(intersection({{0, 10}}, {{10, 20}}), Intervals{});
}

// This compares with counting every moment apart.
TEST(Intervals, AgreeWithCountingMoments) {
  std::mt19937 random(7);
  constexpr int kMoments = 60;
  const auto draw = [&] {
    std::vector<Interval> some;
    for (int i = 0; i < 6; ++i) {
      const auto begin = static_cast<std::int64_t>(random() % kMoments);
      some.push_back({begin, begin + static_cast<std::int64_t>(random() % 9)});
    }
    return union_of(some);
  };
  const auto has = [](const Intervals& intervals, std::int64_t moment) {
    for (const Interval& i : intervals) {
      if (i.begin_ns <= moment && moment < i.end_ns) return true;
    }
    return false;
  };
  for (int round = 0; round < 200; ++round) {
    const Intervals a = draw(), b = draw();
    std::int64_t both = 0, only_a = 0;
    for (std::int64_t moment = 0; moment < kMoments + 9; ++moment) {
      both += has(a, moment) && has(b, moment);
      only_a += has(a, moment) && !has(b, moment);
    }
    EXPECT_EQ(length_ns(intersection(a, b)), both);
    EXPECT_EQ(length_ns(difference(a, b)), only_a);
    EXPECT_EQ(length_ns(a), both + only_a);
  }
}

}  // namespace
}  // namespace moebench::profile_gpu
