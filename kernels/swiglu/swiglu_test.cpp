#include "kernels/swiglu/swiglu.h"

#include <cmath>
#include <limits>

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

struct Shape {
  std::int64_t rows;
  std::int64_t intermediate;
};

constexpr Shape kShapes[] = {{0, 8}, {1, 1}, {1, 16}, {3, 37}, {2, 256}, {5, 0}};

std::vector<double> reference(const std::vector<double>& gate_up, Shape shape) {
  std::vector<double> out;
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    const double* gate = gate_up.data() + r * 2 * shape.intermediate;
    for (std::int64_t i = 0; i < shape.intermediate; ++i) {
      out.push_back(gate[i] / (1 + std::exp(-gate[i])) * gate[i + shape.intermediate]);
    }
  }
  return out;
}

template <typename T>
class Swiglu : public ::testing::Test {};
TYPED_TEST_SUITE(Swiglu, StorageTypes);

TYPED_TEST(Swiglu, ForwardMatchesTheReference) {
  for (const Shape& shape : kShapes) {
    const auto gate_up =
        random_values<TypeParam>(shape.rows * 2 * shape.intermediate, 1, /*range=*/6);
    auto out = unwritten<TypeParam>(shape.rows * shape.intermediate);
    swiglu_forward(gate_up.data(), shape.rows, shape.intermediate, out.data());
    expect_near_norm(out, reference(to_doubles(gate_up), shape), kTolerance<TypeParam>);
  }
}

TYPED_TEST(Swiglu, BackwardMatchesFiniteDifferences) {
  for (const Shape& shape : kShapes) {
    const std::int64_t count = shape.rows * shape.intermediate;
    const auto gate_up = random_values<TypeParam>(2 * count, 2, /*range=*/6);
    const auto dout = random_values<TypeParam>(count, 3);
    auto dgate_up = unwritten<TypeParam>(2 * count);
    auto out = unwritten<TypeParam>(count);
    swiglu_backward(dout.data(), gate_up.data(), shape.rows, shape.intermediate, dgate_up.data(),
                    out.data());
    const auto loss = [&](const std::vector<double>& x) {
      return dot(to_doubles(dout), reference(x, shape));
    };
    expect_near_norm(dgate_up, numeric_gradient(loss, to_doubles(gate_up)), kTolerance<TypeParam>);
    expect_near_norm(out, reference(to_doubles(gate_up), shape), kTolerance<TypeParam>);
  }
}

TYPED_TEST(Swiglu, BackwardMayOverwriteItsInput) {
  constexpr std::int64_t kRows = 4, kIntermediate = 37, kCount = kRows * kIntermediate;
  auto gate_up = random_values<TypeParam>(2 * kCount, 4);
  const auto dout = random_values<TypeParam>(kCount, 5);
  auto dgate_up = unwritten<TypeParam>(2 * kCount);
  auto out = unwritten<TypeParam>(kCount);
  swiglu_backward(dout.data(), gate_up.data(), kRows, kIntermediate, dgate_up.data(), out.data());
  swiglu_backward(dout.data(), gate_up.data(), kRows, kIntermediate, gate_up.data(), out.data());
  EXPECT_EQ(to_doubles(gate_up), to_doubles(dgate_up));
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
  swiglu_forward(gate_up.data(), 1, 32, out.data());
  EXPECT_TRUE(std::isnan(to_float(out[3])));
  EXPECT_FALSE(std::isnan(to_float(out[4])));
}

}  // namespace
}  // namespace moebench::kernels
