#include "kernels/small_product/small_product.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

struct Shape {
  std::int64_t m, k, n;
};

// Rows around whole tiles, sums and columns that are no whole pairs and vectors, none at all, and
// one that is packed in strips.
constexpr Shape kShapes[] = {{0, 5, 7},   {5, 0, 7},    {5, 7, 0},    {1, 1, 1},    {1, 256, 96},
                             {3, 33, 17}, {7, 2, 31},   {31, 37, 64}, {32, 96, 80}, {33, 31, 33},
                             {8, 16, 32}, {100, 5, 15}, {2, 2100, 70}};

// Elements in rows or in columns, `gap` further apart than they need be.
template <typename T>
struct Matrix {
  std::int64_t rows, cols;
  bool in_rows;
  std::int64_t stride;
  std::vector<T> values;

  Matrix(std::int64_t num_rows, std::int64_t num_cols, bool lies_in_rows, std::int64_t gap)
      : rows(num_rows),
        cols(num_cols),
        in_rows(lies_in_rows),
        stride((in_rows ? cols : rows) + gap) {}

  std::int64_t size() const { return (in_rows ? rows : cols) * stride; }
  template <typename U>
  MatrixView<U> view(U* data) const {
    return {data, rows, cols, in_rows ? stride : 1, in_rows ? 1 : stride};
  }
  double at(std::int64_t row, std::int64_t col) const {
    const std::int64_t i = in_rows ? row * stride + col : row + col * stride;
    return static_cast<double>(to_float(values[static_cast<std::size_t>(i)]));
  }
};

struct Layouts {
  bool a_in_rows, b_in_rows, c_in_rows;
  std::int64_t gap;
};

struct Sum {
  double exact, of_magnitudes;
};

template <typename T>
Sum sum_of(const Matrix<T>& a, const Matrix<T>& b, std::int64_t m, std::int64_t n, double start) {
  Sum sum{start, std::abs(start)};
  for (std::int64_t k = 0; k < a.cols; ++k) {
    sum.exact += a.at(m, k) * b.at(k, n);
    sum.of_magnitudes += std::abs(a.at(m, k) * b.at(k, n));
  }
  return sum;
}

// How far off a sum may be that was taken in fp32 and rounded once.
template <typename T>
double allowed(const Sum& sum, std::int64_t k) {
  const double rounding = std::is_same_v<T, float> ? 0 : std::abs(sum.exact) / 256;
  return rounding + sum.of_magnitudes * 6e-8 * (1 + 2 * std::sqrt(static_cast<double>(k)));
}

enum class Kind { kPlain, kWithBias, kAccumulates };

template <typename T>
void expect_product(const Shape& shape, const Layouts& layouts, Kind kind) {
  SCOPED_TRACE(std::to_string(shape.m) + "x" + std::to_string(shape.k) + "x" +
               std::to_string(shape.n) + (layouts.a_in_rows ? " rows" : " columns") +
               (layouts.b_in_rows ? " rows" : " columns") +
               (layouts.c_in_rows ? " rows" : " columns") + " gap " + std::to_string(layouts.gap));
  Matrix<T> a(shape.m, shape.k, layouts.a_in_rows, layouts.gap);
  Matrix<T> b(shape.k, shape.n, layouts.b_in_rows, layouts.gap);
  Matrix<T> c(shape.m, shape.n, layouts.c_in_rows, layouts.gap);
  a.values = random_values<T>(a.size(), 1);
  b.values = random_values<T>(b.size(), 2);
  c.values = kind == Kind::kAccumulates ? random_values<T>(c.size(), 3) : unwritten<T>(c.size());
  const Matrix<T> before = c;
  const auto bias = random_values<T>(shape.n, 4);
  ProductScratch scratch;
  small_product<T>(a.view(std::as_const(a).values.data()), b.view(std::as_const(b).values.data()),
                   c.view(c.values.data()),
                   {.bias = kind == Kind::kWithBias ? bias.data() : nullptr,
                    .accumulate = kind == Kind::kAccumulates},
                   scratch);
  for (std::int64_t m = 0; m < shape.m; ++m) {
    for (std::int64_t n = 0; n < shape.n; ++n) {
      double start = kind == Kind::kAccumulates ? before.at(m, n) : 0;
      if (kind == Kind::kWithBias) start = to_doubles(bias)[static_cast<std::size_t>(n)];
      const Sum sum = sum_of(a, b, m, n, start);
      ASSERT_NEAR(c.at(m, n), sum.exact, allowed<T>(sum, shape.k)) << "at " << m << "," << n;
    }
  }
  const std::int64_t used = layouts.c_in_rows ? shape.n : shape.m;
  for (std::int64_t i = 0; i < c.size(); ++i) {
    if (i % c.stride < used) continue;
    const auto at = static_cast<std::size_t>(i);
    ASSERT_EQ(to_float(c.values[at]), to_float(before.values[at])) << "beside the matrix";
  }
}

template <typename T>
class SmallProduct : public ::testing::Test {};
TYPED_TEST_SUITE(SmallProduct, StorageTypes);

TYPED_TEST(SmallProduct, MatchesTheReferenceHoweverMatricesLie) {
  for (const Shape& shape : kShapes) {
    for (const bool a_in_rows : {true, false}) {
      for (const bool b_in_rows : {true, false}) {
        for (const bool c_in_rows : {true, false}) {
          const std::int64_t gap = (a_in_rows ? 1 : 0) + (b_in_rows ? 2 : 0);
          const Layouts layouts{a_in_rows, b_in_rows, c_in_rows, gap};
          expect_product<TypeParam>(shape, layouts, Kind::kPlain);
          expect_product<TypeParam>(shape, layouts, Kind::kAccumulates);
          if (c_in_rows) expect_product<TypeParam>(shape, layouts, Kind::kWithBias);
        }
      }
    }
  }
}

// What a row or a column gets does not depend on how many others there are.
TYPED_TEST(SmallProduct, OrderOfSumsDependsOnDepthAlone) {
  constexpr std::int64_t kM = 33, kK = 77, kN = 70;
  const auto a = random_values<TypeParam>(kM * kK, 1), b = random_values<TypeParam>(kK * kN, 2);
  auto all = unwritten<TypeParam>(kM * kN), one = unwritten<TypeParam>(kN);
  ProductScratch scratch;
  const MatrixView<const TypeParam> b_view{b.data(), kK, kN, kN, 1};
  small_product<TypeParam>({a.data(), kM, kK, kK, 1}, b_view, {all.data(), kM, kN, kN, 1}, {},
                           scratch);
  for (std::int64_t m = 0; m < kM; ++m) {
    small_product<TypeParam>({a.data() + m * kK, 1, kK, kK, 1}, b_view, {one.data(), 1, kN, kN, 1},
                             {}, scratch);
    for (std::int64_t n = 0; n < kN; ++n) {
      ASSERT_EQ(to_float(one[static_cast<std::size_t>(n)]),
                to_float(all[static_cast<std::size_t>(m * kN + n)]));
    }
  }
}

TYPED_TEST(SmallProduct, DoesNotHideNan) {
  constexpr std::int64_t kM = 9, kK = 5, kN = 40;
  auto a = random_values<TypeParam>(kM * kK, 1);
  const auto b = random_values<TypeParam>(kK * kN, 2);
  a[3 * kK + kK - 1] = from_float<TypeParam>(std::numeric_limits<float>::quiet_NaN());
  auto c = unwritten<TypeParam>(kM * kN);
  ProductScratch scratch;
  small_product<TypeParam>({a.data(), kM, kK, kK, 1}, {b.data(), kK, kN, kN, 1},
                           {c.data(), kM, kN, kN, 1}, {}, scratch);
  for (std::int64_t m = 0; m < kM; ++m) {
    for (std::int64_t n = 0; n < kN; ++n) {
      EXPECT_EQ(std::isnan(to_float(c[static_cast<std::size_t>(m * kN + n)])), m == 3);
    }
  }
}

}  // namespace
}  // namespace moebench::kernels
