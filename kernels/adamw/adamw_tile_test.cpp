#include <gmock/gmock.h>

#include "kernels/adamw/adamw_cuda.h"
#include "kernels/gpu/machine_testing.h"

namespace moebench::kernels {
namespace {

template <typename T>
class AdamWTiles : public MachineTest {
 protected:
  // The shard begins `shift` elements behind an aligned address.
  void expect_the_cpu_kernels_update(std::int64_t count, std::int64_t shift) {
    const std::int64_t room = count + shift;
    const auto param = random_values<T>(room, 1), grad = random_values<T>(room, 2),
               exp_avg = random_values<T>(room, 3);
    auto exp_avg_sq = random_values<T>(room, 4);
    for (T& value : exp_avg_sq) value = from_float<T>(std::abs(to_float(value)) + 0.01f);
    // A learning rate so large that a wrong update can't hide behind the parameter.
    const AdamWOptions options{.learning_rate = 0.5,
                               .beta1 = 0.75,
                               .beta2 = 0.9375,
                               .epsilon = 0.3,
                               .weight_decay = 0.1,
                               .gradient_scale = 0.25,
                               .step = 3};
    auto p = param, m = exp_avg, v = exp_avg_sq;
    adamw(p.data() + shift, grad.data() + shift, m.data() + shift, v.data() + shift, count,
          options);
    in_every_order([&] {
      Array<T> p_array(param), g_array(grad), m_array(exp_avg), v_array(exp_avg_sq);
      cuda::adamw<T>(p_array.data() + shift, g_array.data() + shift, m_array.data() + shift,
                     v_array.data() + shift, count, options, nullptr);
      expect_near_norm(p_array.values(), to_doubles(p), kTolerance<T>);
      expect_near_norm(m_array.values(), to_doubles(m), kTolerance<T>);
      expect_near_norm(v_array.values(), to_doubles(v), kTolerance<T>);
    });
  }
};
TYPED_TEST_SUITE(AdamWTiles, StorageTypes);

TYPED_TEST(AdamWTiles, UpdateAsTheCpuKernelDoes) {
  for (const std::int64_t count : {0, 1, 7, 8, 9, 255, 256, 2048, 2049, 5003}) {
    SCOPED_TRACE(count);
    this->expect_the_cpu_kernels_update(count, 0);
  }
}

TYPED_TEST(AdamWTiles, UpdateAShardAtAnyAddress) {
  for (const std::int64_t shift : {1, 4, 8}) {
    SCOPED_TRACE(shift);
    this->expect_the_cpu_kernels_update(1000, shift);
  }
}

template <typename T>
class SumOfSquaresTiles : public MachineTest {
 protected:
  double sum_on_device(Array<T>& values, std::int64_t count, std::int64_t shift) {
    Array<double> sum(1), workspace(cuda::sum_of_squares_workspace(count));
    cuda::sum_of_squares<T>(values.data() + shift, count, sum.data(), workspace.data(), nullptr);
    return sum.values()[0];
  }
};
TYPED_TEST_SUITE(SumOfSquaresTiles, StorageTypes);

// Empty, less than a vector, ragged, one piece and more, and at last more pieces than blocks.
TYPED_TEST(SumOfSquaresTiles, AddWhatTheCpuKernelAdds) {
  for (const std::int64_t count : {0, 1, 7, 9, 2048, 8192, 8193, 100001, 1024 * 8192 + 12345}) {
    const std::int64_t shift = count % 3;
    SCOPED_TRACE(::testing::Message() << count << " behind " << shift);
    const auto values = random_values<TypeParam>(count + shift, 6, /*range=*/100);
    const double expected = sum_of_squares(values.data() + shift, count);
    this->in_every_order([&] {
      Array<TypeParam> array(values);
      EXPECT_NEAR(this->sum_on_device(array, count, shift), expected, 1e-5 * expected);
    });
  }
}

TYPED_TEST(SumOfSquaresTiles, GiveTheSameBitsAgain) {
  const auto values = random_values<TypeParam>(50000, 7);
  std::vector<double> sums;
  this->in_every_order([&] {
    Array<TypeParam> array(values);
    for (int i = 0; i < 3; ++i) sums.push_back(this->sum_on_device(array, 50000, 0));
  });
  EXPECT_THAT(sums, ::testing::Each(sums[0]));
}

}  // namespace
}  // namespace moebench::kernels
