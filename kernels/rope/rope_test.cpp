#include "kernels/rope/rope.h"

#include <cmath>

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

constexpr double kTheta = 10000;
// Head groups of 1, 4 and 2; no rows at all.
constexpr RopeShape kShapes[] = {
    {.batch = 1, .seq_len = 1, .num_heads = 1, .num_kv_heads = 1, .head_dim = 2},
    {.batch = 2, .seq_len = 3, .num_heads = 2, .num_kv_heads = 2, .head_dim = 16},
    {.batch = 1, .seq_len = 5, .num_heads = 4, .num_kv_heads = 1, .head_dim = 6},
    {.batch = 2, .seq_len = 2, .num_heads = 4, .num_kv_heads = 2, .head_dim = 32},
    {.batch = 0, .seq_len = 4, .num_heads = 2, .num_kv_heads = 1, .head_dim = 8},
};

std::int64_t qkv_size(const RopeShape& s) {
  return s.batch * s.seq_len * (s.num_heads + 2 * s.num_kv_heads) * s.head_dim;
}

std::int64_t q_size(const RopeShape& s) { return s.batch * s.seq_len * s.num_heads * s.head_dim; }

// Returns one element of a head after rotation by its position.
double rotated(const double* head, std::int64_t i, std::int64_t position, std::int64_t head_dim) {
  const std::int64_t half = head_dim / 2, pair = i % half;
  const double angle =
      static_cast<double>(position) /
      std::pow(kTheta, 2.0 * static_cast<double>(pair) / static_cast<double>(head_dim));
  const double a = head[pair], b = head[pair + half];
  return i < half ? a * std::cos(angle) - b * std::sin(angle)
                  : b * std::cos(angle) + a * std::sin(angle);
}

struct Split {
  std::vector<double> q, k, v;
};

Split reference(const std::vector<double>& qkv, const RopeShape& s) {
  Split out;
  const std::int64_t row_heads = s.num_heads + 2 * s.num_kv_heads;
  for (std::int64_t row = 0; row < s.batch * s.seq_len; ++row) {
    const double* heads = qkv.data() + row * row_heads * s.head_dim;
    for (std::int64_t h = 0; h < s.num_heads; ++h) {
      const std::int64_t kv = h / (s.num_heads / s.num_kv_heads);
      const double* q_head = heads + h * s.head_dim;
      const double* k_head = heads + (s.num_heads + kv) * s.head_dim;
      const double* v_head = k_head + s.num_kv_heads * s.head_dim;
      for (std::int64_t i = 0; i < s.head_dim; ++i) {
        out.q.push_back(rotated(q_head, i, row % s.seq_len, s.head_dim));
        out.k.push_back(rotated(k_head, i, row % s.seq_len, s.head_dim));
        out.v.push_back(v_head[i]);
      }
    }
  }
  return out;
}

TEST(RopeTable, HoldsTheAnglesOfEveryPosition) {
  const RopeTable table(4096, 64, kTheta);
  ASSERT_EQ(table.cos.size(), 4096u * 32);
  ASSERT_EQ(table.sin.size(), 4096u * 32);
  for (std::int64_t position : {0, 1, 4095}) {
    for (std::int64_t i : {0, 1, 31}) {
      const double angle = static_cast<double>(position) / std::pow(kTheta, i / 32.0);
      const auto index = static_cast<std::size_t>(position * 32 + i);
      EXPECT_NEAR(table.cos[index], std::cos(angle), 1e-7);
      EXPECT_NEAR(table.sin[index], std::sin(angle), 1e-7);
    }
  }
}

template <typename T>
class Rope : public ::testing::Test {};
TYPED_TEST_SUITE(Rope, StorageTypes);

TYPED_TEST(Rope, ForwardMatchesTheReference) {
  for (const RopeShape& shape : kShapes) {
    // A table longer than the sequence serves too.
    const RopeTable table(shape.seq_len + 3, shape.head_dim, kTheta);
    const auto qkv = random_values<TypeParam>(qkv_size(shape), 1);
    auto q = unwritten<TypeParam>(q_size(shape)), k = q, v = q;
    rope_split_forward(qkv.data(), table, shape, q.data(), k.data(), v.data());
    const Split expected = reference(to_doubles(qkv), shape);
    expect_near_norm(q, expected.q, kTolerance<TypeParam>);
    expect_near_norm(k, expected.k, kTolerance<TypeParam>);
    EXPECT_EQ(to_doubles(v), expected.v);
  }
}

TYPED_TEST(Rope, BackwardMatchesFiniteDifferences) {
  for (const RopeShape& shape : kShapes) {
    const RopeTable table(shape.seq_len, shape.head_dim, kTheta);
    const auto dq = random_values<TypeParam>(q_size(shape), 2);
    const auto dk = random_values<TypeParam>(q_size(shape), 3);
    const auto dv = random_values<TypeParam>(q_size(shape), 4);
    auto dqkv = unwritten<TypeParam>(qkv_size(shape));
    rope_split_backward(dq.data(), dk.data(), dv.data(), table, shape, dqkv.data());
    const auto loss = [&](const std::vector<double>& qkv) {
      const Split out = reference(qkv, shape);
      return dot(to_doubles(dq), out.q) + dot(to_doubles(dk), out.k) + dot(to_doubles(dv), out.v);
    };
    const auto qkv = to_doubles(random_values<TypeParam>(qkv_size(shape), 1));
    expect_near_norm(dqkv, numeric_gradient(loss, qkv), kTolerance<TypeParam>);
  }
}

}  // namespace
}  // namespace moebench::kernels
