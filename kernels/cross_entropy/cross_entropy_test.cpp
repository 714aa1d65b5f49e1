#include "kernels/cross_entropy/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

using Labels = std::vector<std::int64_t>;

double reference(const std::vector<double>& logits, const Labels& labels, std::int64_t vocab) {
  double loss = 0;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] < 0) continue;
    const double* row = logits.data() + static_cast<std::int64_t>(r) * vocab;
    const double max = *std::max_element(row, row + vocab);
    double sum = 0;
    for (std::int64_t i = 0; i < vocab; ++i) sum += std::exp(row[i] - max);
    loss += max + std::log(sum) - row[labels[r]];
  }
  return loss;
}

// Every third row does not count.
Labels some_labels(std::int64_t rows, std::int64_t vocab) {
  Labels labels;
  for (std::int64_t r = 0; r < rows; ++r) labels.push_back(r % 3 == 2 ? -100 : r * 7 % vocab);
  return labels;
}

template <typename T>
class CrossEntropy : public ::testing::Test {};
TYPED_TEST_SUITE(CrossEntropy, StorageTypes);

TYPED_TEST(CrossEntropy, MatchesTheReferenceAndFiniteDifferences) {
  for (std::int64_t rows : {0, 1, 4}) {
    for (std::int64_t vocab : {2, 16, 33, 130}) {
      const auto labels = some_labels(rows, vocab);
      auto logits = random_values<TypeParam>(rows * vocab, 1, /*range=*/5);
      const auto x = to_doubles(logits);
      const double loss = cross_entropy_in_place(logits.data(), labels.data(), rows, vocab, 0.25f);
      const auto scaled_loss = [&](const auto& v) { return 0.25 * reference(v, labels, vocab); };
      EXPECT_NEAR(loss, reference(x, labels, vocab), 2e-6 * loss);
      expect_near_norm(logits, numeric_gradient(scaled_loss, x), kTolerance<TypeParam>);
    }
  }
}

TYPED_TEST(CrossEntropy, OneWordCostsNothing) {
  std::vector<TypeParam> logits(1, from_float<TypeParam>(3));
  const Labels labels{0};
  EXPECT_EQ(cross_entropy_in_place(logits.data(), labels.data(), 1, 1, 1.0f), 0.0);
  EXPECT_EQ(to_float(logits[0]), 0.0f);
}

TYPED_TEST(CrossEntropy, RowsWithoutALabelDoNotCount) {
  auto logits = random_values<TypeParam>(3 * 21, 2);
  const Labels labels{-1, -100, -1};
  EXPECT_EQ(cross_entropy_in_place(logits.data(), labels.data(), 3, 21, 1.0f), 0.0);
  EXPECT_EQ(to_doubles(logits), std::vector<double>(3 * 21, 0.0));
}

TYPED_TEST(CrossEntropy, ExtremeLogitsStayFinite) {
  constexpr std::int64_t kVocab = 19;
  std::vector<TypeParam> logits(2 * kVocab, from_float<TypeParam>(-80));
  logits[4] = logits[kVocab + 4] = from_float<TypeParam>(80);
  const Labels labels{4, 5};  // certain and right, then certain and wrong
  const auto x = to_doubles(logits);
  const double loss = cross_entropy_in_place(logits.data(), labels.data(), 2, kVocab, 1.0f);
  EXPECT_NEAR(loss, reference(x, labels, kVocab), 1e-4);
  EXPECT_NEAR(to_float(logits[4]), 0, 1e-6);
  EXPECT_NEAR(to_float(logits[kVocab + 4]), 1, 1e-6);
  EXPECT_NEAR(to_float(logits[kVocab + 5]), -1, 1e-6);
  for (double gradient : to_doubles(logits)) EXPECT_TRUE(std::isfinite(gradient));
}

TYPED_TEST(CrossEntropy, GradientOfARowSumsToZero) {
  constexpr std::int64_t kVocab = 4096;
  auto logits = random_values<TypeParam>(kVocab, 3, /*range=*/8);
  const Labels labels{kVocab - 1};
  cross_entropy_in_place(logits.data(), labels.data(), 1, kVocab, 1.0f);
  const double sum = dot(to_doubles(logits), std::vector<double>(kVocab, 1.0));
  EXPECT_NEAR(sum, 0, 5 * kTolerance<TypeParam>);
}

TYPED_TEST(CrossEntropy, DoesNotHideNan) {
  std::vector<TypeParam> logits(40, from_float<TypeParam>(1));
  logits[17] = from_float<TypeParam>(std::numeric_limits<float>::quiet_NaN());
  const Labels labels{2};
  EXPECT_TRUE(std::isnan(cross_entropy_in_place(logits.data(), labels.data(), 1, 40, 1.0f)));
}

TEST(CrossEntropyDeathTest, RefusesALabelOutsideTheVocabulary) {
  std::vector<float> logits(6);
  const Labels labels{0, 3};
  EXPECT_DEATH(cross_entropy_in_place(logits.data(), labels.data(), 2, 3, 1.0f), "< vocab");
}

}  // namespace
}  // namespace moebench::kernels
