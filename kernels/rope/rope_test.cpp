#include "kernels/rope/rope.h"

#include <cmath>

#include "kernels/kernels_testing.h"
#include "kernels/rope/rope_testing.h"

namespace moebench::kernels {
namespace {

constexpr double kTheta = 10000;
constexpr double kFactor = 1.25;

// Head groups of 1, 4 and 2; no rows at all; parts of heads; values of other sizes than keys.
const RopeCase kCases[] = {
    {{.batch = 1, .seq_len = 1, .num_heads = 1, .num_kv_heads = 1, .head_dim = 2}},
    {{.batch = 2, .seq_len = 3, .num_heads = 2, .num_kv_heads = 2, .head_dim = 16}},
    {{.batch = 1, .seq_len = 5, .num_heads = 4, .num_kv_heads = 1, .head_dim = 6}},
    {{.batch = 2, .seq_len = 2, .num_heads = 4, .num_kv_heads = 2, .head_dim = 32}},
    {{.batch = 0, .seq_len = 4, .num_heads = 2, .num_kv_heads = 1, .head_dim = 8}},
    {{.batch = 2, .seq_len = 3, .num_heads = 4, .num_kv_heads = 2, .head_dim = 8, .rotary_dim = 4}},
    {{.batch = 1,
      .seq_len = 3,
      .num_heads = 2,
      .num_kv_heads = 1,
      .head_dim = 12,
      .rotary_begin = 2,
      .rotary_dim = 6,
      .interleaved = true}},
    {{.batch = 2, .seq_len = 3, .num_heads = 4, .num_kv_heads = 2, .head_dim = 8},
     RopeLayout::kSeparate},
    {{.batch = 1,
      .seq_len = 4,
      .num_heads = 4,
      .num_kv_heads = 2,
      .head_dim = 8,
      .interleaved = true,
      .value_dim = 12,
      .split_dim = 16},
     RopeLayout::kSeparate},
    {{.batch = 2,
      .seq_len = 3,
      .num_heads = 3,
      .num_kv_heads = 3,
      .head_dim = 10,
      .rotary_begin = 6,
      .rotary_dim = 4,
      .interleaved = true,
      .value_dim = 6},
     RopeLayout::kLatent},
};

// Returns one element of a head after rotation by its position.
double rotated(const double* head, std::int64_t i, std::int64_t position, const RopeShape& s) {
  const std::int64_t half = s.rotary() / 2;
  const std::int64_t pair = s.interleaved ? i / 2 : i % half;
  const bool is_first = s.interleaved ? i % 2 == 0 : i < half;
  const double angle =
      static_cast<double>(position) /
      std::pow(kTheta, 2.0 * static_cast<double>(pair) / static_cast<double>(s.rotary()));
  const double a = head[s.interleaved ? 2 * pair : pair];
  const double b = head[s.interleaved ? 2 * pair + 1 : pair + half];
  return kFactor * (is_first ? a * std::cos(angle) - b * std::sin(angle)
                             : b * std::cos(angle) + a * std::sin(angle));
}

struct Split {
  std::vector<double> q, k, v;
};

Split reference(const std::vector<double>& values, const RopeCase& c) {
  Split out;
  const RopeShape& s = c.shape;
  const RopeSource<const double> from = source_in(values.data(), c);
  const auto element = [&](const double* kept, const double* turns, std::int64_t i,
                           std::int64_t row) {
    if (i >= s.head_dim) return 0.0;
    if (i < s.rotary_begin || i >= s.rotary_end()) return kept[i];
    return rotated(turns, i - s.rotary_begin, row % s.seq_len, s);
  };
  for (std::int64_t row = 0; row < s.rows(); ++row) {
    for (std::int64_t h = 0; h < s.num_heads; ++h) {
      const std::int64_t kv = h / (s.num_heads / s.num_kv_heads);
      const double* q = from.q.head(row, h);
      for (std::int64_t i = 0; i < s.split(); ++i) {
        out.q.push_back(element(q, q + s.rotary_begin, i, row));
        out.k.push_back(element(from.k.head(row, kv), from.k_rotary.head(row, kv), i, row));
        out.v.push_back(i < s.value() ? from.v.head(row, kv)[i] : 0);
      }
    }
  }
  return out;
}

TEST(RopeTable, HoldsTheAnglesOfEveryPosition) {
  const RopeTable table(4096, rope_frequencies(kTheta, 64), kFactor);
  ASSERT_EQ(table.cos.size(), 4096u * 32);
  ASSERT_EQ(table.sin.size(), 4096u * 32);
  for (std::int64_t position : {0, 1, 4095}) {
    for (std::int64_t i : {0, 1, 31}) {
      const double angle = static_cast<double>(position) / std::pow(kTheta, i / 32.0);
      const auto index = static_cast<std::size_t>(position * 32 + i);
      EXPECT_NEAR(table.cos[index], kFactor * std::cos(angle), 1e-7);
      EXPECT_NEAR(table.sin[index], kFactor * std::sin(angle), 1e-7);
    }
  }
}

template <typename T>
class Rope : public ::testing::Test {};
TYPED_TEST_SUITE(Rope, StorageTypes);

TYPED_TEST(Rope, ForwardMatchesTheReference) {
  for (const RopeCase& c : kCases) {
    SCOPED_TRACE(::testing::Message() << c);
    const RopeShape& shape = c.shape;
    // A table longer than the sequence serves too.
    const RopeTable table(shape.seq_len + 3, rope_frequencies(kTheta, shape.rotary()), kFactor);
    const auto values = random_values<TypeParam>(source_size(c), 1);
    auto q = unwritten<TypeParam>(split_size(shape)), k = q, v = q;
    rope_split_forward(source_in(values.data(), c), table, shape, q.data(), k.data(), v.data());
    const Split expected = reference(to_doubles(values), c);
    expect_near_norm(q, expected.q, kTolerance<TypeParam>);
    expect_near_norm(k, expected.k, kTolerance<TypeParam>);
    EXPECT_EQ(to_doubles(v), expected.v);
  }
}

TYPED_TEST(Rope, BackwardMatchesFiniteDifferences) {
  for (const RopeCase& c : kCases) {
    SCOPED_TRACE(::testing::Message() << c);
    const RopeShape& shape = c.shape;
    const RopeTable table(shape.seq_len, rope_frequencies(kTheta, shape.rotary()), kFactor);
    const auto dq = random_values<TypeParam>(split_size(shape), 2);
    const auto dk = random_values<TypeParam>(split_size(shape), 3);
    const auto dv = random_values<TypeParam>(split_size(shape), 4);
    auto gradient = unwritten<TypeParam>(source_size(c));
    rope_split_backward(dq.data(), dk.data(), dv.data(), table, shape,
                        source_in(gradient.data(), c));
    const auto loss = [&](const std::vector<double>& values) {
      const Split out = reference(values, c);
      return dot(to_doubles(dq), out.q) + dot(to_doubles(dk), out.k) + dot(to_doubles(dv), out.v);
    };
    const auto values = to_doubles(random_values<TypeParam>(source_size(c), 1));
    expect_near_norm(gradient, numeric_gradient(loss, values), kTolerance<TypeParam>);
  }
}

}  // namespace
}  // namespace moebench::kernels
