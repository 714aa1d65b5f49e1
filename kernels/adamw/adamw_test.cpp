#include "kernels/adamw/adamw.h"

#include <cmath>

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

struct State {
  std::vector<double> param, exp_avg, exp_avg_sq;
};

void reference(State& s, const std::vector<double>& grad, const AdamWOptions& o) {
  const double correction1 = 1 - std::pow(o.beta1, static_cast<double>(o.step));
  const double correction2 = 1 - std::pow(o.beta2, static_cast<double>(o.step));
  for (std::size_t i = 0; i < grad.size(); ++i) {
    const double g = grad[i] * o.gradient_scale;
    s.exp_avg[i] = o.beta1 * s.exp_avg[i] + (1 - o.beta1) * g;
    s.exp_avg_sq[i] = o.beta2 * s.exp_avg_sq[i] + (1 - o.beta2) * g * g;
    s.param[i] -= o.learning_rate * o.weight_decay * s.param[i];
    s.param[i] -= o.learning_rate * (s.exp_avg[i] / correction1) /
                  (std::sqrt(s.exp_avg_sq[i] / correction2) + o.epsilon);
  }
}

template <typename T>
class AdamW : public ::testing::Test {
 protected:
  void set_up_state(std::int64_t count) {
    param_ = random_values<T>(count, 1);
    grad_ = random_values<T>(count, 2);
    exp_avg_ = random_values<T>(count, 3);
    exp_avg_sq_ = random_values<T>(count, 4);
    for (T& value : exp_avg_sq_) value = from_float<T>(std::abs(to_float(value)) + 0.01f);
    expected_ = {to_doubles(param_), to_doubles(exp_avg_), to_doubles(exp_avg_sq_)};
  }
  void update(const AdamWOptions& options) {
    adamw(param_.data(), grad_.data(), exp_avg_.data(), exp_avg_sq_.data(),
          static_cast<std::int64_t>(param_.size()), options);
    reference(expected_, to_doubles(grad_), options);
  }
  void expect_as_reference(double tolerance) {
    expect_near_norm(param_, expected_.param, tolerance);
    expect_near_norm(exp_avg_, expected_.exp_avg, tolerance);
    expect_near_norm(exp_avg_sq_, expected_.exp_avg_sq, tolerance);
  }
  std::vector<T> param_, grad_, exp_avg_, exp_avg_sq_;
  State expected_;
};
TYPED_TEST_SUITE(AdamW, StorageTypes);

// A learning rate so large that a wrong update can't hide behind the parameter.
constexpr AdamWOptions kOptions = {.learning_rate = 0.5, .weight_decay = 0.1, .step = 10};

TYPED_TEST(AdamW, OneUpdateMatchesTheReference) {
  for (std::int64_t count : {0, 1, 15, 17, 1000}) {
    this->set_up_state(count);
    this->update(kOptions);
    this->expect_as_reference(kTolerance<TypeParam>);
  }
}

TYPED_TEST(AdamW, EveryOptionCounts) {
  AdamWOptions options = kOptions;
  options.beta1 = 0.5;
  options.beta2 = 0.75;
  options.epsilon = 0.3;
  options.gradient_scale = 0.25;
  options.step = 2;
  this->set_up_state(100);
  this->update(options);
  this->expect_as_reference(kTolerance<TypeParam>);
}

TYPED_TEST(AdamW, FirstUpdateIsTheLearningRateInTheGradientsDirection) {
  std::vector<TypeParam> param(20), exp_avg(20), exp_avg_sq(20);
  const std::vector<TypeParam> grad(20, from_float<TypeParam>(-3));
  adamw(param.data(), grad.data(), exp_avg.data(), exp_avg_sq.data(), 20, {.learning_rate = 0.5});
  for (double value : to_doubles(param)) EXPECT_NEAR(value, 0.5, 1e-6);
}

TYPED_TEST(AdamW, ZeroGradientLeavesTheParameter) {
  auto param = random_values<TypeParam>(33, 5);
  const auto before = to_doubles(param);
  std::vector<TypeParam> grad(33), exp_avg(33), exp_avg_sq(33);
  adamw(param.data(), grad.data(), exp_avg.data(), exp_avg_sq.data(), 33, {.learning_rate = 0.5});
  EXPECT_EQ(to_doubles(param), before);
}

TEST(AdamWInFloat, ManyUpdatesFollowTheReference) {
  constexpr std::int64_t kCount = 100;
  auto param = random_values<float>(kCount, 1);
  std::vector<float> exp_avg(kCount), exp_avg_sq(kCount);
  State expected{to_doubles(param), to_doubles(exp_avg), to_doubles(exp_avg_sq)};
  for (std::int64_t step = 1; step <= 50; ++step) {
    const auto grad = random_values<float>(kCount, static_cast<std::uint32_t>(step));
    const AdamWOptions options{.learning_rate = 0.05, .weight_decay = 0.1, .step = step};
    adamw(param.data(), grad.data(), exp_avg.data(), exp_avg_sq.data(), kCount, options);
    reference(expected, to_doubles(grad), options);
  }
  expect_near_norm(param, expected.param, 1e-5);
}

TYPED_TEST(AdamW, SumOfSquaresMatchesTheReference) {
  for (std::int64_t count : {0, 1, 31, 4096, 4097, 100001}) {
    const auto values = random_values<TypeParam>(count, 6, /*range=*/100);
    const double expected = dot(to_doubles(values), to_doubles(values));
    // 1e-5: a build that doesn't vectorise sums the whole block in one chain.
    EXPECT_NEAR(sum_of_squares(values.data(), count), expected, 1e-5 * expected);
  }
}

TYPED_TEST(AdamW, SumOfSquaresHasTheSameBitsWithAnyNumberOfThreads) {
  auto values = random_values<TypeParam>(1'000'003, 7);
  // Sums of one size would be exact in fp64, and so the same in any order.
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int exponent = static_cast<int>(i / 1024 * 7919 % 41) - 20;
    values[i] = from_float<TypeParam>(std::ldexp(to_float(values[i]), exponent));
  }
  const auto sum = [&](int threads) {
    const NumThreads scope(threads);
    return sum_of_squares(values.data(), std::ssize(values));
  };
  const double alone = sum(1);
  for (const int threads : {2, 3, 4, 7}) EXPECT_EQ(sum(threads), alone) << threads << " threads";
}

}  // namespace
}  // namespace moebench::kernels
