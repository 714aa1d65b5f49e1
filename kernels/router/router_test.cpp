#include "kernels/router/router.h"

#include <gmock/gmock.h>

#include "kernels/router/router_test_cases.h"

namespace moebench::kernels {
namespace {

using ::testing::ElementsAre;

TEST(Router, MatchesTheReferenceWithAndWithoutProbabilities) {
  for (const RouterCase& c : kRouterCases) {
    SCOPED_TRACE(::testing::Message() << c.tokens << " tokens, " << c.num_experts << " experts");
    const auto logits = router_logits(c);
    const RouterResult expected = route_reference(logits, c);
    for (const bool with_probs : {true, false}) {
      auto probs = unwritten<float>(c.tokens * c.num_experts);
      auto weights = unwritten<float>(c.tokens * c.top_k);
      std::vector<std::int32_t> ids(weights.size(), -1);
      route_top_k(logits.data(), c.tokens, c.num_experts, c.top_k,
                  with_probs ? probs.data() : nullptr, ids.data(), weights.data());
      EXPECT_EQ(ids, expected.ids);
      expect_near_norm(weights, expected.weights, kTolerance<float>);
      if (with_probs) expect_near_norm(probs, expected.probs, kTolerance<float>);
    }
  }
}

TEST(Router, DoesNotOverflow) {
  const std::vector<float> logits{1000, -1000, 999, 0};
  std::vector<float> probs(4), weights(2);
  std::vector<std::int32_t> ids(2);
  route_top_k(logits.data(), 1, 4, 2, probs.data(), ids.data(), weights.data());
  EXPECT_THAT(ids, ElementsAre(0, 2));
  EXPECT_NEAR(weights[0], 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_EQ(probs[1], 0);
}

TEST(Router, ANanChoosesValidExpertsAndShowsInTheWeights) {
  const std::vector<float> logits{1, 2, std::nanf(""), 3};
  std::vector<float> probs(4), weights(2);
  std::vector<std::int32_t> ids(2);
  route_top_k(logits.data(), 1, 4, 2, probs.data(), ids.data(), weights.data());
  EXPECT_THAT(ids, ElementsAre(2, 3));
  for (float value : weights) EXPECT_TRUE(std::isnan(value));
  for (float value : probs) EXPECT_TRUE(std::isnan(value));
}

TEST(RouterDeathTest, RefusesMoreChoicesThanExperts) {
  EXPECT_DEATH(route_top_k(nullptr, 0, 2, 3, nullptr, nullptr, nullptr), "top_k <= num_experts");
}

}  // namespace
}  // namespace moebench::kernels
