#include "kernels/gpu/test_machine.h"
#include "kernels/router/router_cuda.h"
#include "kernels/router/router_test_cases.h"

namespace moebench::kernels {
namespace {

class RouterTiles : public MachineTest {};

TEST_F(RouterTiles, MatchTheReferenceWithAndWithoutProbabilities) {
  for (const RouterCase& c : kRouterCases) {
    SCOPED_TRACE(::testing::Message() << c.tokens << " tokens, " << c.num_experts << " experts");
    const auto logits = router_logits(c);
    const RouterResult expected = route_reference(logits, c);
    in_every_order([&] {
      for (const bool with_probs : {true, false}) {
        Array<float> in(logits), probs(c.tokens * c.num_experts), weights(c.tokens * c.top_k);
        Array<std::int32_t> ids(c.tokens * c.top_k);
        cuda::route_top_k(in.data(), c.tokens, c.num_experts, c.top_k,
                          with_probs ? probs.data() : nullptr, ids.data(), weights.data(), nullptr);
        EXPECT_EQ(ids.values(), expected.ids);
        expect_near_norm(weights.values(), expected.weights, kTolerance<float>);
        if (with_probs) expect_near_norm(probs.values(), expected.probs, kTolerance<float>);
      }
    });
  }
}

TEST_F(RouterTiles, NansAndInfinitiesChooseValidExpertsOnce) {
  const float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> logits{1,         2,         nan,       3,          //
                                  nan,       nan,       nan,       nan,        //
                                  -infinity, -infinity, -infinity, -infinity,  //
                                  -1000,     1000,      999,       0};
  in_every_order([&] {
    Array<float> in(logits), probs(16), weights(12);
    Array<std::int32_t> ids(12);
    cuda::route_top_k(in.data(), 4, 4, 3, probs.data(), ids.data(), weights.data(), nullptr);
    EXPECT_EQ(ids.values(), (std::vector<std::int32_t>{2, 3, 1, 0, 1, 2, 0, 1, 2, 1, 2, 3}));
    const auto values = weights.values();
    for (int i = 0; i < 9; ++i) EXPECT_TRUE(std::isnan(values[static_cast<std::size_t>(i)])) << i;
    EXPECT_NEAR(values[9], 1 / (1 + std::exp(-1.0)), 1e-6);
    EXPECT_EQ(values[11], 0);
  });
}

}  // namespace
}  // namespace moebench::kernels
