#include "kernels/route_top_k/route_top_k.h"

#include <gmock/gmock.h>

#include <limits>

#include "kernels/route_top_k/route_top_k_testing.h"

namespace moebench::kernels {
namespace {

using ::testing::ElementsAre;

template <typename T>
class RouteTopK : public ::testing::Test {
 protected:
  struct Result {
    std::vector<float> scores, weights;
    std::vector<std::int32_t> ids;
  };

  static Result route(const std::vector<T>& logits, const RouteShape& shape,
                      const std::vector<std::int32_t>& forced = {}) {
    Result result{
        unwritten<float>(shape.tokens * shape.num_experts),
        unwritten<float>(shape.tokens * shape.top_k),
        std::vector<std::int32_t>(static_cast<std::size_t>(shape.tokens * shape.top_k), -1)};
    route_top_k(logits.data(), shape, forced.empty() ? nullptr : forced.data(),
                result.scores.data(), result.ids.data(), result.weights.data());
    return result;
  }
};
TYPED_TEST_SUITE(RouteTopK, StorageTypes);

TYPED_TEST(RouteTopK, IsWhatItsDefinitionSays) {
  for (const RouteShape& shape : kRouteShapes) {
    SCOPED_TRACE(::testing::PrintToString(shape));
    const auto logits = router_logits<TypeParam>(shape);
    for (const auto& forced : {std::vector<std::int32_t>(), forced_experts(shape)}) {
      const Routed expected = route_by_definition(to_doubles(logits), shape, forced);
      for (const int threads : {1, 3}) {
        const NumThreads scope(threads);
        const auto result = this->route(logits, shape, forced);
        EXPECT_EQ(result.ids, expected.ids);
        expect_near_norm(result.weights, expected.weights, 2e-6);
        expect_near_norm(result.scores, expected.scores, 2e-6);
      }
    }
  }
}

// The gradient, by differences, of what `gradients` weigh of a choice that stays as it is; a row at
// a time, since rows have nothing of one another.
std::vector<double> expected_gradient(const std::vector<double>& logits, const RouteShape& shape,
                                      const std::vector<std::int32_t>& ids,
                                      const RouteGradients& gradients, bool with_scores) {
  std::vector<double> all;
  RouteShape row_shape = shape;
  row_shape.tokens = 1;
  const auto row_of = [](const auto& values, std::int64_t t, std::int64_t length) {
    return std::vector(values.begin() + t * length, values.begin() + (t + 1) * length);
  };
  for (std::int64_t t = 0; t < shape.tokens; ++t) {
    const auto row_ids = row_of(ids, t, shape.top_k);
    const auto dweights = to_doubles(row_of(gradients.weights, t, shape.top_k));
    const auto dscores = to_doubles(row_of(gradients.scores, t, shape.num_experts));
    const auto loss = [&](const std::vector<double>& x) {
      const Routed routed = route_by_definition(x, row_shape, row_ids);
      return dot(routed.weights, dweights) + (with_scores ? dot(routed.scores, dscores) : 0);
    };
    const auto row = numeric_gradient(loss, row_of(logits, t, shape.num_experts));
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

TYPED_TEST(RouteTopK, BackwardIsTheGradient) {
  for (const RouteShape& shape : kRouteShapes) {
    SCOPED_TRACE(::testing::PrintToString(shape));
    const auto logits = router_logits<TypeParam>(shape);
    const RouteGradients gradients(shape);
    const auto result = this->route(logits, shape);
    for (const bool with_scores : {false, true}) {
      auto dlogits = unwritten<TypeParam>(shape.tokens * shape.num_experts);
      route_top_k_backward(gradients.weights.data(),
                           with_scores ? gradients.scores.data() : nullptr, result.scores.data(),
                           result.ids.data(), result.weights.data(), shape, dlogits.data());
      const auto expected =
          expected_gradient(to_doubles(logits), shape, result.ids, gradients, with_scores);
      if (dot(expected, expected) > 1e-12) {
        expect_near_norm(dlogits, expected, 2 * kTolerance<TypeParam>);
      } else {  // of one expert out of one, whose weight is what it is
        for (const TypeParam value : dlogits) EXPECT_NEAR(to_float(value), 0, 1e-6);
      }
    }
  }
}

TEST(RouteTopKRows, DoNotOverflow) {
  const std::vector<float> logits{1000, -1000, 999, 0};
  std::vector<float> scores(4), weights(2);
  std::vector<std::int32_t> ids(2);
  route_top_k(logits.data(), {1, 4, 2}, nullptr, scores.data(), ids.data(), weights.data());
  EXPECT_THAT(ids, ElementsAre(0, 2));
  EXPECT_NEAR(weights[0], 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_NEAR(scores[1], 0, 1e-30);
}

TEST(RouteTopKRows, WithoutNumbersChooseEachExpertOnce) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> logits{1,          2,          kNan,       3,           //
                                  kNan,       kNan,       kNan,       kNan,        //
                                  -kInfinity, -kInfinity, -kInfinity, -kInfinity,  //
                                  kInfinity,  1,          2,          kInfinity,   //
                                  -kInfinity, 1,          -kInfinity, 1};
  std::vector<float> scores(20), weights(15);
  std::vector<std::int32_t> ids(15);
  route_top_k(logits.data(), {5, 4, 3}, nullptr, scores.data(), ids.data(), weights.data());
  EXPECT_THAT(ids, ElementsAre(2, 3, 1, 0, 1, 2, 0, 1, 2, 0, 3, 2, 1, 3, 0));
  for (std::size_t i = 0; i < 12; ++i) EXPECT_TRUE(std::isnan(weights[i])) << i;
  for (std::size_t i = 0; i < 16; ++i) EXPECT_TRUE(std::isnan(scores[i])) << i;
  EXPECT_NEAR(weights[12], 0.5, 1e-6);
  EXPECT_NEAR(weights[14], 0, 1e-30);
}

TEST(RouteTopKDeathTest, RefusesMoreChoicesThanExperts) {
  const float* logits = nullptr;
  EXPECT_DEATH(route_top_k(logits, {0, 2, 3}, nullptr, nullptr, nullptr, nullptr),
               "top_k <= shape.num_experts");
}

}  // namespace
}  // namespace moebench::kernels
