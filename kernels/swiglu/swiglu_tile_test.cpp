#include <ostream>
#include <vector>

#include "kernels/gpu/machine_testing.h"
#include "kernels/swiglu/swiglu.h"
#include "kernels/swiglu/swiglu_cuda.h"

namespace moebench::kernels {
namespace {

struct Shape {
  std::int64_t rows, intermediate;
};

// Empty, one element, one row, ragged, whole vectors, and more than one block a row.
constexpr Shape kShapes[] = {{0, 8},   {5, 0},    {1, 1},    {1, 16},   {3, 37},
                             {2, 256}, {1, 2048}, {2, 2056}, {3, 1031}, {7, 24}};

constexpr GatedActivation kActivations[] = {{},
                                            {.interleaved = true},
                                            {.limit = 2.53F},
                                            {.limit = 2.53F, .alpha = 1.3F, .interleaved = true}};

struct Case {
  Shape shape;
  GatedActivation activation;
};
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Shape& shape : kShapes) {
    for (const GatedActivation& activation : kActivations) all.push_back({shape, activation});
  }
  return all;
}

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.shape.rows << "x" << c.shape.intermediate << " limit " << c.activation.limit
       << (c.activation.interleaved ? " interleaved" : "");
}

template <typename T>
class SwigluTile : public MachineTest {};
TYPED_TEST_SUITE(SwigluTile, StorageTypes);

TYPED_TEST(SwigluTile, ForwardIsTheCpuKernels) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(::testing::PrintToString(c));
    const std::int64_t rows = c.shape.rows, intermediate = c.shape.intermediate;
    const auto gate_up = random_values<TypeParam>(rows * 2 * intermediate, 1, /*range=*/6);
    std::vector<TypeParam> expected(static_cast<std::size_t>(rows * intermediate));
    swiglu_forward(gate_up.data(), rows, intermediate, expected.data(), c.activation);
    this->in_every_order([&] {
      Array<TypeParam> in(gate_up), out(rows * intermediate);
      cuda::swiglu_forward<TypeParam>(in.data(), rows, intermediate, out.data(), nullptr,
                                      c.activation);
      expect_near_norm(out.values(), to_doubles(expected), kTolerance<TypeParam>);
    });
  }
}

TYPED_TEST(SwigluTile, BackwardIsTheCpuKernelsAndMayOverwriteItsInput) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(::testing::PrintToString(c));
    const std::int64_t rows = c.shape.rows, intermediate = c.shape.intermediate;
    const std::int64_t count = rows * intermediate;
    const auto gate_up = random_values<TypeParam>(2 * count, 2, /*range=*/6);
    const auto dout = random_values<TypeParam>(count, 3);
    std::vector<TypeParam> dgate_up(gate_up.size()), out(dout.size());
    swiglu_backward(dout.data(), gate_up.data(), rows, intermediate, dgate_up.data(), out.data(),
                    c.activation);
    this->in_every_order([&] {
      Array<TypeParam> d(dout), in(gate_up), actual_out(count), actual(2 * count);
      for (TypeParam* to : {actual.data(), in.data()}) {
        cuda::swiglu_backward<TypeParam>(d.data(), in.data(), rows, intermediate, to,
                                         actual_out.data(), nullptr, c.activation);
        expect_near_norm(actual_out.values(), to_doubles(out), kTolerance<TypeParam>);
      }
      expect_near_norm(actual.values(), to_doubles(dgate_up), kTolerance<TypeParam>);
      expect_near_norm(in.values(), to_doubles(dgate_up), kTolerance<TypeParam>);
    });
  }
}

TYPED_TEST(SwigluTile, SaturatesWithoutOverflowAndDoesNotHideNan) {
  std::vector<TypeParam> gate_up, dout(3, from_float<TypeParam>(1));
  for (float value : {100.0f, -100.0f, std::nanf(""), 2.0f, 2.0f, 2.0f}) {
    gate_up.push_back(from_float<TypeParam>(value));
  }
  this->in_every_order([&] {
    Array<TypeParam> d(dout), in(gate_up), out(3), dgate_up(6);
    cuda::swiglu_backward<TypeParam>(d.data(), in.data(), 1, 3, dgate_up.data(), out.data(),
                                     nullptr);
    const auto result = to_doubles(out.values()), gradient = to_doubles(dgate_up.values());
    EXPECT_EQ(result[0], 200);
    EXPECT_EQ(gradient[0], 2);
    EXPECT_EQ(gradient[3], 100);
    for (double value : {result[1], gradient[1], gradient[4]}) EXPECT_NEAR(value, 0, 1e-30);
    EXPECT_TRUE(std::isnan(result[2]));
  });
}

}  // namespace
}  // namespace moebench::kernels
