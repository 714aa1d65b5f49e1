#include "reports/crossover/line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace moebench::crossover {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

Line line(std::vector<Point> points) { return line_of({Curve(std::move(points))}); }

std::vector<Side> sides(const Line& line) {
  std::vector<Side> found;
  for (const Stretch& stretch : line.stretches) found.push_back(stretch.side);
  return found;
}

// A ratio of a + b x tokens to another such is no straight line over log(tokens).
double log_gain(double tokens) { return std::log((1 + 1e-3 * tokens) / (0.5 + 1.5e-3 * tokens)); }

TEST(Curve, IsStraightBetweenPointsAndUnknownBeyond) {
  const Curve curve({{400, -0.2, 0}, {100, 0.2, 0}});
  EXPECT_FALSE(curve.at(99));
  EXPECT_FALSE(curve.at(401));
  EXPECT_DOUBLE_EQ(curve.at(100)->estimate, 0.2);
  EXPECT_DOUBLE_EQ(curve.at(400)->low, -0.2);
  EXPECT_NEAR(curve.at(200)->estimate, 0, 1e-12);
}

TEST(Curve, AddsTheNoiseOfNeighboursAndWhatAStraightLineCanMiss) {
  const Curve curve({{100, 0.1, 0.03}, {400, 0.1, 0.04}});
  const double bend = std::log(2) * std::log(2) / 8;
  EXPECT_NEAR(curve.at(200)->high - 0.1, std::hypot(0.015, 0.02) + bend, 1e-12);
  EXPECT_NEAR(curve.at(100)->high - 0.1, 0.03, 1e-12);
}

TEST(Curve, HoldsTheTruthOfAffineStepTimesWhateverTheSpacing) {
  for (const double spacing : {1.5, 2.0, 4.0, 16.0, 256.0}) {
    std::vector<Point> points;
    for (double at = 1; at < 1e6; at *= spacing) points.push_back({at, log_gain(at), 0});
    const Curve curve(points);
    for (double at = 1; at < points.back().at; at *= 1.1) {
      EXPECT_GE(log_gain(at), curve.at(at)->low - 1e-12) << spacing << " " << at;
      EXPECT_LE(log_gain(at), curve.at(at)->high + 1e-12) << spacing << " " << at;
    }
  }
}

// Of one segment: ((1 - w) m1 + w m2)^2 = ((1 - w) h1)^2 + (w h2)^2, so long that what the line can
// miss, which is added, plays no part.
TEST(Line, FindsFiellersInterval) {
  const double near = 1.0001;  // neighbours as close as that bend by nothing
  const double m1 = 0.3, m2 = -0.1, h1 = 0.05, h2 = 0.04;
  const Line found = line({{1, m1, h1}, {near, m2, h2}});
  ASSERT_EQ(found.crossings.size(), 1u);
  const double a = (m2 - m1) * (m2 - m1) - h1 * h1 - h2 * h2;
  const double b = 2 * m1 * (m2 - m1) + 2 * h1 * h1;
  const double c = m1 * m1 - h1 * h1;
  const double root = std::sqrt(b * b - 4 * a * c);
  const auto place = [&](double at) { return std::log(at) / std::log(near); };
  EXPECT_NEAR(place(found.crossings[0].low), (-b - root) / (2 * a), 1e-4);
  EXPECT_NEAR(place(found.crossings[0].high), (-b + root) / (2 * a), 1e-4);
  EXPECT_NEAR(place(found.crossings[0].at), 0.75, 1e-4);
  EXPECT_TRUE(found.crossings[0].is_faster_below);
}

TEST(Line, TellsWhichSideIsFasterWhereNothingCrosses) {
  EXPECT_THAT(sides(line({{100, 0.5, 0.1}, {200, 0.4, 0.1}})), ElementsAre(Side::kFaster));
  EXPECT_THAT(sides(line({{100, -0.5, 0.1}, {200, -0.4, 0.1}})), ElementsAre(Side::kSlower));
  EXPECT_THAT(line({{100, 0.5, 0.1}, {200, 0.4, 0.1}}).crossings, IsEmpty());
}

TEST(Line, DecidesNothingByOneRoundOrWideIntervals) {
  const double unknown = std::numeric_limits<double>::infinity();
  EXPECT_THAT(sides(line({{100, 0.5, unknown}, {200, -0.4, unknown}})),
              ElementsAre(Side::kUndecided));
  const Line wide = line({{100, 0.1, 0.2}, {400, -0.1, 0.2}});
  EXPECT_THAT(sides(wide), ElementsAre(Side::kUndecided));
  EXPECT_THAT(wide.crossings, IsEmpty());
  EXPECT_NEAR(wide.undecided(), std::log(4), 1e-9);
}

TEST(Line, LeavesUndecidedWhatFollowsTheLastDecidedPlace) {
  const Line found = line({{100, 0.5, 0.1}, {200, 0.02, 0.1}});
  EXPECT_THAT(sides(found), ElementsAre(Side::kFaster, Side::kUndecided));
  EXPECT_THAT(found.crossings, IsEmpty());
}

TEST(Line, FindsEveryCrossing) {
  const Line found =
      line({{100, 0.5, 0.02}, {200, -0.5, 0.02}, {400, -0.5, 0.02}, {800, 0.5, 0.02}});
  EXPECT_THAT(found.crossings, ElementsAre(Field(&Crossing::is_faster_below, true),
                                           Field(&Crossing::is_faster_below, false)));
}

TEST(Line, FindsACrossingThatIsNarrowerThanItsSteps) {
  const Line found = line({{1, 0.5, 1e-9}, {1.001, -0.5, 1e-9}});
  ASSERT_EQ(found.crossings.size(), 1u);
  EXPECT_LE(found.crossings[0].low, found.crossings[0].at);
  EXPECT_GE(found.crossings[0].high, found.crossings[0].at);
}

TEST(Line, AsksForAllOthersToWinAndForOneToLose) {
  const Curve crosses({{100, 0.5, 0.05}, {200, 0.1, 0.05}, {400, -0.5, 0.05}});
  const Curve never({{100, 0.3, 0.05}, {200, 0.3, 0.05}, {400, 0.3, 0.05}});
  const Curve earlier({{100, 0.4, 0.05}, {200, -0.3, 0.05}, {400, -0.6, 0.05}});
  EXPECT_EQ(line_of({crosses, never}).crossings.size(), 1u);
  EXPECT_NEAR(line_of({crosses, never}).crossings[0].at, line_of({crosses}).crossings[0].at, 1e-3);
  EXPECT_NEAR(line_of({crosses, earlier}).crossings[0].at, line_of({earlier}).crossings[0].at,
              1e-3);
  EXPECT_THAT(line_of({never}).crossings, IsEmpty());
}

TEST(Line, OfOnePointIsThatPoint) {
  const Line found = line({{100, 0.5, 0.1}});
  ASSERT_THAT(sides(found), ElementsAre(Side::kFaster));
  EXPECT_EQ(found.stretches[0].from, found.stretches[0].to);
  EXPECT_THAT(line_of({}).stretches, IsEmpty());
}

}  // namespace
}  // namespace moebench::crossover
