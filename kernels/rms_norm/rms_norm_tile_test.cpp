#include <algorithm>

#include "kernels/gpu/machine_testing.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/rms_norm/rms_norm_cuda.h"

namespace moebench::kernels {
namespace {

struct Shape {
  std::int64_t rows, hidden;
};

// Empty, one element, one row, ragged, whole vectors, rows of more elements than a block's threads
// take at a time, and more rows than a block of the backward pass has.
constexpr Shape kShapes[] = {{0, 16},  {1, 1},   {1, 64},   {3, 37},    {2, 1024}, {3, 1032},
                             {9, 515}, {8, 128}, {1, 4104}, {300, 100}, {17, 2056}};
constexpr float kEps = 1e-5f;

// 1e-5: a CPU kernel that isn't vectorised sums a whole row in one chain.
template <typename T>
constexpr double kRowTolerance = std::max(kTolerance<T>, 1e-5);

template <typename T>
class RmsNormTiles : public MachineTest {
 protected:
  template <typename Body>
  void for_each_shape(Body body) {
    for (const Shape& shape : kShapes) {
      SCOPED_TRACE(::testing::Message() << shape.rows << "x" << shape.hidden);
      const std::int64_t count = shape.rows * shape.hidden;
      x_ = random_values<T>(count, 1, /*range=*/3);
      dy_ = random_values<T>(count, 2);
      w_ = random_values<T>(shape.hidden, 3, /*range=*/2);
      y_ = unwritten<T>(count);
      rstd_ = unwritten<float>(shape.rows);
      rms_norm_forward(x_.data(), w_.data(), shape.rows, shape.hidden, kEps, y_.data(),
                       rstd_.data());
      body(shape);
    }
  }
  std::vector<T> x_, dy_, w_, y_;
  std::vector<float> rstd_;
};
TYPED_TEST_SUITE(RmsNormTiles, StorageTypes);

TYPED_TEST(RmsNormTiles, ForwardIsTheCpuKernels) {
  this->for_each_shape([&](const Shape& shape) {
    this->in_every_order([&] {
      Array<TypeParam> x(this->x_), w(this->w_), y(shape.rows * shape.hidden);
      Array<float> rstd(shape.rows);
      cuda::rms_norm_forward<TypeParam>(x.data(), w.data(), shape.rows, shape.hidden, kEps,
                                        y.data(), rstd.data(), nullptr);
      expect_near_norm(y.values(), to_doubles(this->y_), kRowTolerance<TypeParam>);
      expect_near_norm(rstd.values(), to_doubles(this->rstd_), kRowTolerance<float>);
    });
  });
}

TYPED_TEST(RmsNormTiles, BackwardIsTheCpuKernels) {
  this->for_each_shape([&](const Shape& shape) {
    const auto before = random_values<TypeParam>(shape.hidden, 4);
    for (const bool accumulate : {false, true}) {
      auto dx = unwritten<TypeParam>(shape.rows * shape.hidden), dw = before;
      rms_norm_backward(this->dy_.data(), this->x_.data(), this->w_.data(), this->rstd_.data(),
                        shape.rows, shape.hidden, dx.data(), dw.data(), accumulate);
      this->in_every_order([&] {
        Array<TypeParam> dy(this->dy_), x(this->x_), w(this->w_), dw_array(before),
            dx_array(shape.rows * shape.hidden);
        Array<float> rstd(this->rstd_),
            workspace(cuda::rms_norm_backward_workspace(shape.rows, shape.hidden));
        cuda::rms_norm_backward<TypeParam>(dy.data(), x.data(), w.data(), rstd.data(), shape.rows,
                                           shape.hidden, dx_array.data(), dw_array.data(),
                                           accumulate, workspace.data(), nullptr);
        // A row of one element is all but invariant to its size: its gradient cancels to about eps.
        if (shape.hidden > 1) {
          expect_near_norm(dx_array.values(), to_doubles(dx), kRowTolerance<TypeParam>);
        }
        expect_near_norm(dw_array.values(), to_doubles(dw), kRowTolerance<TypeParam>);
      });
    }
  });
}

TYPED_TEST(RmsNormTiles, ZeroRowStaysZero) {
  const std::vector<TypeParam> zeros(33), ones(33, from_float<TypeParam>(1));
  this->in_every_order([&] {
    Array<TypeParam> x(zeros), w(ones), y(33);
    Array<float> rstd(1);
    cuda::rms_norm_forward<TypeParam>(x.data(), w.data(), 1, 33, kEps, y.data(), rstd.data(),
                                      nullptr);
    EXPECT_EQ(to_doubles(y.values()), std::vector<double>(33, 0.0));
    EXPECT_NEAR(rstd.values()[0], 1 / std::sqrt(kEps), 1e-3);
  });
}

}  // namespace
}  // namespace moebench::kernels
