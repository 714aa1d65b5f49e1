#include "harness/data/sample_order.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

namespace moebench::data {
namespace {

using ::testing::ElementsAre;

// Samples of the given lengths; sample s holds the tokens 100 s, 100 s + 1, ...
class NumberedSamples : public Samples {
 public:
  explicit NumberedSamples(std::vector<std::int64_t> lengths) : lengths_(std::move(lengths)) {}
  std::int64_t count() const override { return std::ssize(lengths_); }
  std::int64_t num_unused() const override { return 0; }
  std::int64_t length(std::int64_t sample) const override {
    return lengths_.at(static_cast<std::size_t>(sample));
  }
  void copy(std::int64_t sample, std::int64_t begin, std::span<std::int64_t> out) const override {
    std::iota(out.begin(), out.end(), 100 * sample + begin);
  }

 private:
  std::vector<std::int64_t> lengths_;
};

TEST(EpochOrder, IsAPermutationThatDiffersByEpochAndSeed) {
  const auto order = epoch_order(0, 0, 1000);
  EXPECT_EQ(order, epoch_order(0, 0, 1000));
  EXPECT_NE(order, epoch_order(0, 1, 1000));
  EXPECT_NE(order, epoch_order(1, 0, 1000));
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (std::int64_t i = 0; i < 1000; ++i) ASSERT_EQ(sorted[static_cast<std::size_t>(i)], i);
  EXPECT_NE(order, sorted);
}

TEST(EpochOrder, IsTheSameOnEveryMachine) {
  EXPECT_THAT(epoch_order(0, 0, 5), ElementsAre(0, 2, 1, 4, 3));
}

TEST(EpochOrder, FavoursNoPlace) {
  std::vector<int> first_of(4);
  for (std::int64_t epoch = 0; epoch < 4000; ++epoch) {
    ++first_of[static_cast<std::size_t>(epoch_order(3, epoch, 4)[0])];
  }
  for (int count : first_of) EXPECT_NEAR(count, 1000, 120);
}

TEST(SampleOrder, RunsEndlesslyThroughTheEpochsInAnyOrderOfAsking) {
  const SampleOrder order(7, 3);
  std::vector<std::int64_t> expected;
  for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
    for (std::int64_t sample : epoch_order(7, epoch, 3)) expected.push_back(sample);
  }
  for (std::int64_t i = 11; i >= 0; --i) {
    EXPECT_EQ(order.at(i), expected[static_cast<std::size_t>(i)]);
  }
}

TEST(TokenStream, ConcatenatesTheSameSequenceOverEpochs) {
  const NumberedSamples samples({3, 2, 5});
  std::vector<std::int64_t> expected;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    for (std::int64_t sample : epoch_order(9, epoch, 3)) {
      for (std::int64_t i = 0; i < samples.length(sample); ++i)
        expected.push_back(100 * sample + i);
    }
  }
  ASSERT_EQ(expected.size(), 30u);
  const TokenStream stream(9, samples);
  for (std::int64_t begin : {0, 1, 7, 9, 10, 13, 25}) {
    std::vector<std::int64_t> part(
        static_cast<std::size_t>(std::min<std::int64_t>(12, 30 - begin)));
    stream.copy(begin, part);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), expected.begin() + begin)) << begin;
  }
  std::vector<std::int64_t> all(30);
  stream.copy(0, all);
  EXPECT_EQ(all, expected);
}

}  // namespace
}  // namespace moebench::data
