#include "kernels/rms_norm/rms_norm.h"

#include <cmath>
#include <utility>

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

struct Shape {
  std::int64_t rows;
  std::int64_t hidden;
};

constexpr Shape kShapes[] = {{0, 16}, {1, 1}, {1, 64}, {3, 37}, {4, 128}, {130, 5}};
constexpr float kEps = 1e-5f;

std::vector<double> reference(const std::vector<double>& x, const std::vector<double>& w,
                              Shape shape) {
  std::vector<double> y;
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    const auto row = x.begin() + r * shape.hidden;
    const std::vector<double> x_H(row, row + shape.hidden);
    const double rms = std::sqrt(dot(x_H, x_H) / static_cast<double>(shape.hidden) + kEps);
    for (std::size_t i = 0; i < x_H.size(); ++i) y.push_back(w[i] * x_H[i] / rms);
  }
  return y;
}

template <typename T>
class RmsNorm : public ::testing::Test {
 protected:
  void set_up_inputs(Shape shape, float range) {
    x_ = random_values<T>(shape.rows * shape.hidden, 1, range);
    dy_ = random_values<T>(shape.rows * shape.hidden, 2);
    w_ = random_values<T>(shape.hidden, 3, 2);
    y_ = unwritten<T>(shape.rows * shape.hidden);
    rstd_ = unwritten<float>(shape.rows);
    rms_norm_forward(x_.data(), w_.data(), shape.rows, shape.hidden, kEps, y_.data(), rstd_.data());
  }
  std::vector<T> x_, dy_, w_, y_;
  std::vector<float> rstd_;
};
TYPED_TEST_SUITE(RmsNorm, StorageTypes);

TYPED_TEST(RmsNorm, ForwardMatchesTheReference) {
  for (const Shape& shape : kShapes) {
    for (float range : {1e-4f, 1.0f, 1e4f}) {
      this->set_up_inputs(shape, range);
      const auto expected = reference(to_doubles(this->x_), to_doubles(this->w_), shape);
      expect_near_norm(this->y_, expected, kTolerance<TypeParam>);
    }
  }
}

TYPED_TEST(RmsNorm, RoundsTheNormalisedRowBeforeTheWeight) {
  const Shape shape{3, 64};
  this->set_up_inputs(shape, 1);
  for (std::size_t i = 0; i < this->x_.size(); ++i) {
    const float scaled = to_float(this->x_[i]) * this->rstd_[i / 64];
    const float x_hat = to_float(from_float<TypeParam>(scaled));
    const auto expected = from_float<TypeParam>(x_hat * to_float(this->w_[i % 64]));
    EXPECT_EQ(to_float(this->y_[i]), to_float(expected));
  }
}

TYPED_TEST(RmsNorm, ZeroRowStaysZero) {
  std::vector<TypeParam> x(33), w(33, from_float<TypeParam>(1)), y(33, from_float<TypeParam>(1));
  float rstd = 0;
  rms_norm_forward(x.data(), w.data(), 1, 33, kEps, y.data(), &rstd);
  EXPECT_EQ(to_doubles(y), std::vector<double>(33, 0.0));
  EXPECT_NEAR(rstd, 1 / std::sqrt(kEps), 1e-3);
}

TYPED_TEST(RmsNorm, BackwardMatchesFiniteDifferences) {
  for (const Shape& shape : kShapes) {
    this->set_up_inputs(shape, 1);
    auto dx = unwritten<TypeParam>(shape.rows * shape.hidden);
    auto dw = unwritten<TypeParam>(shape.hidden);
    rms_norm_backward(this->dy_.data(), this->x_.data(), this->w_.data(), this->rstd_.data(),
                      shape.rows, shape.hidden, dx.data(), dw.data(), /*accumulate=*/false);
    const auto x = to_doubles(this->x_), w = to_doubles(this->w_), dy = to_doubles(this->dy_);
    const auto loss_of_x = [&](const auto& v) { return dot(dy, reference(v, w, shape)); };
    const auto loss_of_w = [&](const auto& v) { return dot(dy, reference(x, v, shape)); };
    // A row of one element is all but invariant to its size: its gradient cancels to about eps.
    if (shape.hidden > 1)
      expect_near_norm(dx, numeric_gradient(loss_of_x, x), kTolerance<TypeParam>);
    expect_near_norm(dw, numeric_gradient(loss_of_w, w), kTolerance<TypeParam>);
  }
}

TYPED_TEST(RmsNorm, BackwardAddsToTheWeightGradientOnDemand) {
  const Shape shape{5, 37};
  this->set_up_inputs(shape, 1);
  std::vector<TypeParam> dx(this->x_.size());
  auto dw = unwritten<TypeParam>(shape.hidden);
  const auto before = random_values<TypeParam>(shape.hidden, 4);
  auto sum = before;
  rms_norm_backward(this->dy_.data(), this->x_.data(), this->w_.data(), this->rstd_.data(),
                    shape.rows, shape.hidden, dx.data(), dw.data(), /*accumulate=*/false);
  rms_norm_backward(this->dy_.data(), this->x_.data(), this->w_.data(), this->rstd_.data(),
                    shape.rows, shape.hidden, dx.data(), sum.data(), /*accumulate=*/true);
  auto expected = to_doubles(before);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += to_doubles(dw)[i];
  expect_near_norm(sum, expected, kTolerance<TypeParam>);
}

TYPED_TEST(RmsNorm, BackwardHasTheSameBitsWithAnyNumberOfThreads) {
  const Shape shape{1001, 600};
  this->set_up_inputs(shape, 1);
  const auto gradients = [&](int threads) {
    const NumThreads scope(threads);
    std::vector<TypeParam> dx(this->x_.size()), dw(static_cast<std::size_t>(shape.hidden));
    rms_norm_backward(this->dy_.data(), this->x_.data(), this->w_.data(), this->rstd_.data(),
                      shape.rows, shape.hidden, dx.data(), dw.data(), /*accumulate=*/false);
    return std::pair{to_doubles(dx), to_doubles(dw)};
  };
  const auto alone = gradients(1);
  for (const int threads : {2, 3, 7}) EXPECT_EQ(gradients(threads), alone) << threads << " threads";
}

}  // namespace
}  // namespace moebench::kernels
