#include "kernels/swiglu/swiglu.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

struct Shape {
  std::int64_t rows;
  std::int64_t intermediate;
};

constexpr Shape kShapes[] = {{0, 8}, {1, 1}, {1, 16}, {3, 37}, {2, 256}, {5, 0}};

// Plain, clamped at a limit that many values are beyond and none is at, where finite differences
// say nothing, and both with gate and up in turns.
constexpr GatedActivation kActivations[] = {{},
                                            {.interleaved = true},
                                            {.limit = 2.53F},
                                            {.limit = 2.53F, .alpha = 1.3F, .interleaved = true}};

double reference(double gate, double up, const GatedActivation& activation) {
  if (activation.limit == 0) return gate / (1 + std::exp(-gate)) * up;
  const double limit = activation.limit;
  const double g = std::min(gate, limit), u = std::clamp(up, -limit, limit);
  return (u + 1) * g / (1 + std::exp(-double{activation.alpha} * g));
}

std::vector<double> reference(const std::vector<double>& gate_up, Shape shape,
                              const GatedActivation& activation) {
  std::vector<double> out;
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    const double* row = gate_up.data() + r * 2 * shape.intermediate;
    for (std::int64_t i = 0; i < shape.intermediate; ++i) {
      out.push_back(activation.interleaved
                        ? reference(row[2 * i], row[2 * i + 1], activation)
                        : reference(row[i], row[i + shape.intermediate], activation));
    }
  }
  return out;
}

std::string name_of(const Shape& shape, const GatedActivation& activation) {
  return std::to_string(shape.rows) + "x" + std::to_string(shape.intermediate) + " limit " +
         std::to_string(activation.limit) + (activation.interleaved ? " interleaved" : "");
}

template <typename T>
class Swiglu : public ::testing::Test {};
TYPED_TEST_SUITE(Swiglu, StorageTypes);

TYPED_TEST(Swiglu, ForwardMatchesTheReference) {
  for (const Shape& shape : kShapes) {
    for (const GatedActivation& activation : kActivations) {
      SCOPED_TRACE(name_of(shape, activation));
      const auto gate_up =
          random_values<TypeParam>(shape.rows * 2 * shape.intermediate, 1, /*range=*/6);
      auto out = unwritten<TypeParam>(shape.rows * shape.intermediate);
      swiglu_forward(gate_up.data(), shape.rows, shape.intermediate, out.data(), activation);
      expect_near_norm(out, reference(to_doubles(gate_up), shape, activation),
                       kTolerance<TypeParam>);
    }
  }
}

TYPED_TEST(Swiglu, BackwardMatchesFiniteDifferences) {
  for (const Shape& shape : kShapes) {
    for (const GatedActivation& activation : kActivations) {
      SCOPED_TRACE(name_of(shape, activation));
      const std::int64_t count = shape.rows * shape.intermediate;
      const auto gate_up = random_values<TypeParam>(2 * count, 2, /*range=*/6);
      const auto dout = random_values<TypeParam>(count, 3);
      auto dgate_up = unwritten<TypeParam>(2 * count);
      auto out = unwritten<TypeParam>(count);
      swiglu_backward(dout.data(), gate_up.data(), shape.rows, shape.intermediate, dgate_up.data(),
                      out.data(), activation);
      const auto loss = [&](const std::vector<double>& x) {
        return dot(to_doubles(dout), reference(x, shape, activation));
      };
      expect_near_norm(dgate_up, numeric_gradient(loss, to_doubles(gate_up)),
                       kTolerance<TypeParam>);
      expect_near_norm(out, reference(to_doubles(gate_up), shape, activation),
                       kTolerance<TypeParam>);
    }
  }
}

TYPED_TEST(Swiglu, BackwardMayOverwriteItsInput) {
  constexpr std::int64_t kRows = 4, kIntermediate = 37, kCount = kRows * kIntermediate;
  for (const GatedActivation& activation : kActivations) {
    auto gate_up = random_values<TypeParam>(2 * kCount, 4);
    const auto dout = random_values<TypeParam>(kCount, 5);
    auto dgate_up = unwritten<TypeParam>(2 * kCount);
    auto out = unwritten<TypeParam>(kCount);
    swiglu_backward(dout.data(), gate_up.data(), kRows, kIntermediate, dgate_up.data(), out.data(),
                    activation);
    swiglu_backward(dout.data(), gate_up.data(), kRows, kIntermediate, gate_up.data(), out.data(),
                    activation);
    EXPECT_EQ(to_doubles(gate_up), to_doubles(dgate_up));
  }
}

// What is clamped has no gradient; at the limit itself it has.
TYPED_TEST(Swiglu, HasNoGradientBeyondTheLimit) {
  const GatedActivation activation{.limit = 2, .interleaved = true};
  std::vector<TypeParam> gate_up, dgate_up(8), out(4), dout(4, from_float<TypeParam>(1));
  for (float value : {3.0F, 1.0F, 1.0F, 3.0F, 1.0F, -3.0F, 2.0F, -2.0F}) {
    gate_up.push_back(from_float<TypeParam>(value));
  }
  swiglu_backward(dout.data(), gate_up.data(), 1, 4, dgate_up.data(), out.data(), activation);
  const auto gradient = to_doubles(dgate_up);
  EXPECT_EQ(gradient[0], 0);
  EXPECT_NE(gradient[1], 0);
  EXPECT_NE(gradient[2], 0);
  EXPECT_EQ(gradient[3], 0);
  EXPECT_EQ(gradient[5], 0);
  EXPECT_NE(gradient[6], 0);
  EXPECT_NE(gradient[7], 0);
}

TYPED_TEST(Swiglu, SaturatesWithoutOverflow) {
  // One row, gates +-100 with up 2 and dout 1.
  std::vector<TypeParam> gate_up, dout(2, from_float<TypeParam>(1));
  for (float value : {100.0f, -100.0f, 2.0f, 2.0f}) gate_up.push_back(from_float<TypeParam>(value));
  std::vector<TypeParam> dgate_up(4), out(2);
  swiglu_backward(dout.data(), gate_up.data(), 1, 2, dgate_up.data(), out.data());
  EXPECT_FLOAT_EQ(to_float(out[0]), 200);
  EXPECT_FLOAT_EQ(to_float(dgate_up[0]), 2);
  EXPECT_FLOAT_EQ(to_float(dgate_up[2]), 100);
  for (float value : {to_float(out[1]), to_float(dgate_up[1]), to_float(dgate_up[3])}) {
    EXPECT_NEAR(value, 0, 1e-30);
  }
}

TYPED_TEST(Swiglu, DoesNotHideNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<TypeParam> gate_up(64, from_float<TypeParam>(1));
  gate_up[3] = from_float<TypeParam>(nan);
  std::vector<TypeParam> out(32);
  for (const float limit : {0.0F, 2.0F}) {
    swiglu_forward(gate_up.data(), 1, 32, out.data(), {.limit = limit});
    EXPECT_TRUE(std::isnan(to_float(out[3])));
    EXPECT_FALSE(std::isnan(to_float(out[4])));
  }
}

}  // namespace
}  // namespace moebench::kernels
