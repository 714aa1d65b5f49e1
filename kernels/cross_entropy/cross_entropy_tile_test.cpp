#include <algorithm>
#include <limits>

#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/cross_entropy/cross_entropy_cuda.h"
#include "kernels/gpu/machine_testing.h"

namespace moebench::kernels {
namespace {

using Labels = std::vector<std::int64_t>;

struct Shape {
  std::int64_t rows, vocab;
};

// Empty, one word, one row, ragged, whole vectors, rows of more elements than a block's threads
// take at a time, and more rows than the block that adds their losses has threads.
constexpr Shape kShapes[] = {{0, 16},  {2, 1},    {1, 2},    {1, 64},   {4, 33},
                             {3, 130}, {5, 4096}, {2, 5000}, {4, 4099}, {1500, 8}};

// Every third row does not count.
Labels some_labels(const Shape& shape) {
  Labels labels;
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    labels.push_back(r % 3 == 2 ? -100 : r * 7 % shape.vocab);
  }
  return labels;
}

template <typename T>
class CrossEntropyTiles : public MachineTest {
 protected:
  struct Result {
    double loss;
    std::vector<T> gradient;
  };
  Result on_device(const std::vector<T>& logits, const Labels& labels, float scale) {
    const auto rows = static_cast<std::int64_t>(labels.size());
    const auto vocab = rows == 0 ? 16 : static_cast<std::int64_t>(logits.size()) / rows;
    Array<T> array(logits);
    Array<std::int64_t> label_array(labels);
    Array<double> sum(1), workspace(cuda::cross_entropy_workspace(rows));
    cuda::cross_entropy_in_place<T>(array.data(), label_array.data(), rows, vocab, scale,
                                    sum.data(), workspace.data(), nullptr);
    return {sum.values()[0], array.values()};
  }
};
TYPED_TEST_SUITE(CrossEntropyTiles, StorageTypes);

TYPED_TEST(CrossEntropyTiles, GiveTheCpuKernelsLossAndGradient) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(::testing::Message() << shape.rows << "x" << shape.vocab);
    const auto labels = some_labels(shape);
    const auto logits = random_values<TypeParam>(shape.rows * shape.vocab, 1, /*range=*/8);
    auto gradient = logits;
    const double loss =
        cross_entropy_in_place(gradient.data(), labels.data(), shape.rows, shape.vocab, 0.25f);
    this->in_every_order([&] {
      const auto result = this->on_device(logits, labels, 0.25f);
      EXPECT_NEAR(result.loss, loss, 2e-6 * loss);
      expect_near_norm(result.gradient, to_doubles(gradient), kTolerance<TypeParam>);
    });
  }
}

TYPED_TEST(CrossEntropyTiles, RowsWithoutALabelDoNotCount) {
  const auto logits = random_values<TypeParam>(3 * 21, 2);
  this->in_every_order([&] {
    const auto result = this->on_device(logits, {-1, -100, -1}, 1.0f);
    EXPECT_EQ(result.loss, 0.0);
    EXPECT_EQ(to_doubles(result.gradient), std::vector<double>(3 * 21, 0.0));
  });
}

// Rows whose largest logit a thread sees first, and last; -infinity is a word that is ruled out.
TYPED_TEST(CrossEntropyTiles, ExtremeLogitsStayFinite) {
  constexpr std::int64_t kVocab = 3 * 4096;
  std::vector<TypeParam> logits(2 * kVocab, from_float<TypeParam>(-80));
  for (const std::int64_t at : {std::int64_t{4}, 2 * kVocab - 1}) {
    logits[static_cast<std::size_t>(at)] = from_float<TypeParam>(80);
  }
  std::fill_n(logits.begin() + 4096, 4096,
              from_float<TypeParam>(-std::numeric_limits<float>::infinity()));
  this->in_every_order([&] {
    const auto result = this->on_device(logits, {4, 5}, 1.0f);  // right, then wrong
    EXPECT_NEAR(result.loss, 160, 1e-4);
    const auto gradient = to_doubles(result.gradient);
    EXPECT_NEAR(gradient[4], 0, 1e-6);
    EXPECT_NEAR(gradient[kVocab + 5], -1, 1e-6);
    EXPECT_NEAR(gradient[2 * kVocab - 1], 1, 1e-6);
    EXPECT_TRUE(std::all_of(gradient.begin(), gradient.end(),
                            [](double value) { return std::isfinite(value); }));
  });
}

TYPED_TEST(CrossEntropyTiles, DoNotHideNan) {
  std::vector<TypeParam> logits(40, from_float<TypeParam>(1));
  logits[17] = from_float<TypeParam>(std::numeric_limits<float>::quiet_NaN());
  this->in_every_order([&] { EXPECT_TRUE(std::isnan(this->on_device(logits, {2}, 1.0f).loss)); });
}

#if !defined(MOEBENCH_ON_DEVICE)
TEST(CrossEntropyTilesDeathTest, RefuseALabelOutsideTheVocabulary) {
  float logits[6] = {};
  const std::int64_t labels[] = {0, 3};
  double sum = 0, workspace[2];
  EXPECT_DEATH(cuda::cross_entropy_in_place(logits, labels, 2, 3, 1.0f, &sum, workspace, nullptr),
               "known");
}
#endif

}  // namespace
}  // namespace moebench::kernels
