#include "harness/weights/parameters.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <numeric>

#include "harness/weights/weights_testing.h"

namespace moebench::weights {
namespace {

using Shape = std::vector<std::int64_t>;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SeededSource, HasTheStatedMeanAndDeviationAndUncorrelatedNeighbours) {
  const ParameterSpec parameter{"model.embed_tokens.weight", {1000, 1000}};
  const auto values = read_all(*seeded_source(0, 0.02), parameter);
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  double products = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    squares += (values[i] - mean) * (values[i] - mean);
    products += (values[i] - mean) * (values[i - 1] - mean);
  }
  EXPECT_NEAR(mean, 0, 5 * 0.02 / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(squares / n), 0.02, 1e-4);
  EXPECT_NEAR(products / squares, 0, 5 / std::sqrt(n));
}

TEST(SeededSource, GivesTheSameValuesForEverySplitIntoRanges) {
  const ParameterSpec parameter{"lm_head.weight", {37, 29}};
  const auto source = seeded_source(3, 0.02);
  const auto whole = read_all(*source, parameter);
  for (std::int64_t size : {1, 7, 29, 500}) {
    std::vector<float> part;
    for (std::int64_t begin = 0; begin < parameter.num_elements(); begin += size) {
      part.resize(static_cast<std::size_t>(std::min(size, parameter.num_elements() - begin)));
      source->read(parameter, begin, part);
      ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + begin)) << size;
    }
  }
}

TEST(SeededSource, DependsOnSeedAndName) {
  const ParameterSpec a{"a.weight", {64}};
  const ParameterSpec b{"b.weight", {64}};
  const auto source = seeded_source(1, 0.02);
  EXPECT_EQ(read_all(*source, a), read_all(*seeded_source(1, 0.02), a));
  EXPECT_NE(read_all(*source, a), read_all(*seeded_source(2, 0.02), a));
  EXPECT_NE(read_all(*source, a), read_all(*source, b));
}

// Computed apart from this code with exact integers, and rounded to fp32.
TEST(SeededSource, IsTheSameOnEveryMachine) {
  std::vector<float> values(4);
  seeded_source(0, 0.02)->read({"lm_head.weight", {1 << 20}}, 999'998, values);
  EXPECT_THAT(values,
              ElementsAre(0x1.256d3ep-6f, -0x1.af8a5cp-7f, -0x1.fd112ap-7f, -0x1.4bebecp-6f));
}

TEST(SeededSource, StartsNormsAtOne) {
  const auto source = seeded_source(0, 0.02);
  for (const auto& parameter : model_parameters(mini_model())) {
    const auto values = read_all(*source, parameter);
    if (parameter.shape.size() == 1) {
      EXPECT_THAT(values, Each(1.0f)) << parameter.name;
    } else {
      EXPECT_LT(*std::max_element(values.begin(), values.end()), 0.08f) << parameter.name;
    }
  }
}

TEST(SeededSource, RefusesAnImpossibleRange) {
  EXPECT_THAT(error_of([] { seeded_source(0, 0); }), HasSubstr("initializer_range 0"));
  EXPECT_THAT(error_of([] { seeded_source(0, std::nan("")); }), HasSubstr("initializer_range"));
}

TEST(SeededSourceDeathTest, RangesLieWithinTheParameter) {
  std::vector<float> values(3);
  EXPECT_DEATH(seeded_source(0, 0.02)->read({"w", {4}}, 2, values), "does not hold");
}

}  // namespace
}  // namespace moebench::weights
