#include "kernels/gpu/machine_testing.h"
#include "kernels/rope/rope.h"
#include "kernels/rope/rope_cuda.h"

namespace moebench::kernels {
namespace {

// Groups of 1, 4, 2 and 8 heads; halves of one element, ragged and of whole vectors; rows of more
// than one block; no rows at all.
constexpr RopeShape kShapes[] = {
    {.batch = 1, .seq_len = 1, .num_heads = 1, .num_kv_heads = 1, .head_dim = 2},
    {.batch = 2, .seq_len = 3, .num_heads = 2, .num_kv_heads = 2, .head_dim = 16},
    {.batch = 1, .seq_len = 5, .num_heads = 4, .num_kv_heads = 1, .head_dim = 6},
    {.batch = 2, .seq_len = 2, .num_heads = 4, .num_kv_heads = 2, .head_dim = 32},
    {.batch = 3, .seq_len = 7, .num_heads = 32, .num_kv_heads = 8, .head_dim = 128},
    {.batch = 1, .seq_len = 3, .num_heads = 48, .num_kv_heads = 6, .head_dim = 100},
    {.batch = 0, .seq_len = 4, .num_heads = 2, .num_kv_heads = 1, .head_dim = 8},
};

std::int64_t qkv_size(const RopeShape& s) {
  return s.batch * s.seq_len * (s.num_heads + 2 * s.num_kv_heads) * s.head_dim;
}

std::int64_t q_size(const RopeShape& s) { return s.batch * s.seq_len * s.num_heads * s.head_dim; }

template <typename T>
class RopeTiles : public MachineTest {
 protected:
  template <typename Body>
  void for_each_shape(Body body) {
    for (const RopeShape& shape : kShapes) {
      SCOPED_TRACE(::testing::Message()
                   << shape.num_heads << " heads of " << shape.head_dim << " for "
                   << shape.num_kv_heads << ", sequences of " << shape.seq_len);
      // A table longer than the sequence serves too.
      body(shape, RopeTable(shape.seq_len + 3, shape.head_dim, 10000));
    }
  }
};
TYPED_TEST_SUITE(RopeTiles, StorageTypes);

TYPED_TEST(RopeTiles, ForwardIsTheCpuKernels) {
  this->for_each_shape([&](const RopeShape& shape, const RopeTable& table) {
    const auto qkv = random_values<TypeParam>(qkv_size(shape), 1);
    auto q = unwritten<TypeParam>(q_size(shape)), k = q, v = q;
    rope_split_forward(qkv.data(), table, shape, q.data(), k.data(), v.data());
    this->in_every_order([&] {
      Array<TypeParam> in(qkv), q_array(q_size(shape)), k_array(q_size(shape)),
          v_array(q_size(shape));
      Array<float> cos(table.cos), sin(table.sin);
      cuda::rope_split_forward<TypeParam>(in.data(), cos.data(), sin.data(), shape, q_array.data(),
                                          k_array.data(), v_array.data(), nullptr);
      expect_near_norm(q_array.values(), to_doubles(q), kTolerance<TypeParam>);
      expect_near_norm(k_array.values(), to_doubles(k), kTolerance<TypeParam>);
      EXPECT_EQ(to_doubles(v_array.values()), to_doubles(v));
    });
  });
}

TYPED_TEST(RopeTiles, BackwardIsTheCpuKernels) {
  this->for_each_shape([&](const RopeShape& shape, const RopeTable& table) {
    const auto dq = random_values<TypeParam>(q_size(shape), 2);
    const auto dk = random_values<TypeParam>(q_size(shape), 3);
    const auto dv = random_values<TypeParam>(q_size(shape), 4);
    auto dqkv = unwritten<TypeParam>(qkv_size(shape));
    rope_split_backward(dq.data(), dk.data(), dv.data(), table, shape, dqkv.data());
    this->in_every_order([&] {
      Array<TypeParam> dq_array(dq), dk_array(dk), dv_array(dv), out(qkv_size(shape));
      Array<float> cos(table.cos), sin(table.sin);
      cuda::rope_split_backward<TypeParam>(dq_array.data(), dk_array.data(), dv_array.data(),
                                           cos.data(), sin.data(), shape, out.data(), nullptr);
      expect_near_norm(out.values(), to_doubles(dqkv), kTolerance<TypeParam>);
    });
  });
}

}  // namespace
}  // namespace moebench::kernels
