#include "kernels/gpu/machine_testing.h"
#include "kernels/route_top_k/route_top_k_cuda.h"
#include "kernels/route_top_k/route_top_k_testing.h"

namespace moebench::kernels {
namespace {

template <typename T>
class RouteTopKTile : public MachineTest {};
TYPED_TEST_SUITE(RouteTopKTile, StorageTypes);

TYPED_TEST(RouteTopKTile, IsWhatItsDefinitionSays) {
  for (const RouteShape& shape : kRouteShapes) {
    SCOPED_TRACE(::testing::PrintToString(shape));
    const auto logits = router_logits<TypeParam>(shape);
    for (const auto& forced : {std::vector<std::int32_t>(), forced_experts(shape)}) {
      const Routed expected = route_by_definition(to_doubles(logits), shape, forced);
      this->in_every_order([&] {
        Array<TypeParam> in(logits);
        Array<std::int32_t> taken(forced), ids(shape.tokens * shape.top_k);
        Array<float> scores(shape.tokens * shape.num_experts), weights(shape.tokens * shape.top_k);
        cuda::route_top_k<TypeParam>(in.data(), shape, forced.empty() ? nullptr : taken.data(),
                                     scores.data(), ids.data(), weights.data(), nullptr);
        EXPECT_EQ(ids.values(), expected.ids);
        expect_near_norm(weights.values(), expected.weights, 2e-6);
        expect_near_norm(scores.values(), expected.scores, 2e-6);
      });
    }
  }
}

TYPED_TEST(RouteTopKTile, BackwardIsTheCpuKernels) {
  for (const RouteShape& shape : kRouteShapes) {
    SCOPED_TRACE(::testing::PrintToString(shape));
    const auto logits = router_logits<TypeParam>(shape);
    const RouteGradients gradients(shape);
    std::vector<float> scores(logits.size()), weights(gradients.weights.size());
    std::vector<std::int32_t> ids(weights.size());
    route_top_k(logits.data(), shape, nullptr, scores.data(), ids.data(), weights.data());
    for (const bool with_scores : {false, true}) {
      std::vector<TypeParam> expected(logits.size());
      route_top_k_backward(gradients.weights.data(),
                           with_scores ? gradients.scores.data() : nullptr, scores.data(),
                           ids.data(), weights.data(), shape, expected.data());
      this->in_every_order([&] {
        Array<float> dweights(gradients.weights), dscores(gradients.scores), p(scores), w(weights);
        Array<std::int32_t> chosen(ids);
        Array<TypeParam> dlogits(shape.tokens * shape.num_experts);
        cuda::route_top_k_backward(dweights.data(), with_scores ? dscores.data() : nullptr,
                                   p.data(), chosen.data(), w.data(), shape, dlogits.data(),
                                   nullptr);
        const auto values = dlogits.values();
        ASSERT_EQ(values.size(), expected.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
          EXPECT_NEAR(to_float(values[i]), to_float(expected[i]),
                      1e-6 + 8e-3 * std::abs(to_float(expected[i])));
        }
      });
    }
  }
}

class RouteTopKTileRows : public MachineTest {};

TEST_F(RouteTopKTileRows, WithoutNumbersChooseEachExpertOnce) {
  const float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> logits{1,         2,         nan,       3,          //
                                  nan,       nan,       nan,       nan,        //
                                  -infinity, -infinity, -infinity, -infinity,  //
                                  -1000,     1000,      999,       0};
  in_every_order([&] {
    Array<float> in(logits), scores(16), weights(12);
    Array<std::int32_t> ids(12);
    cuda::route_top_k<float>(in.data(), {4, 4, 3}, nullptr, scores.data(), ids.data(),
                             weights.data(), nullptr);
    EXPECT_EQ(ids.values(), (std::vector<std::int32_t>{2, 3, 1, 0, 1, 2, 0, 1, 2, 1, 2, 3}));
    const auto values = weights.values();
    for (std::size_t i = 0; i < 9; ++i) EXPECT_TRUE(std::isnan(values[i])) << i;
    EXPECT_NEAR(values[9], 1 / (1 + std::exp(-1.0)), 1e-6);
    EXPECT_EQ(values[11], 0);
  });
}

}  // namespace
}  // namespace moebench::kernels
