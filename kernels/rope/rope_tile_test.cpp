#include "kernels/gpu/machine_testing.h"
#include "kernels/rope/rope.h"
#include "kernels/rope/rope_cuda.h"
#include "kernels/rope/rope_testing.h"

namespace moebench::kernels {
namespace {

// Groups of 1, 4, 2 and 8 heads; halves of one element, ragged and of whole vectors; rows of more
// than one block; no rows at all; parts of heads that vectors fit and that they do not; values of
// other sizes than keys.
const RopeCase kCases[] = {
    {{.batch = 1, .seq_len = 1, .num_heads = 1, .num_kv_heads = 1, .head_dim = 2}},
    {{.batch = 2, .seq_len = 3, .num_heads = 2, .num_kv_heads = 2, .head_dim = 16}},
    {{.batch = 1, .seq_len = 5, .num_heads = 4, .num_kv_heads = 1, .head_dim = 6}},
    {{.batch = 2, .seq_len = 2, .num_heads = 4, .num_kv_heads = 2, .head_dim = 32}},
    {{.batch = 3, .seq_len = 7, .num_heads = 32, .num_kv_heads = 8, .head_dim = 128}},
    {{.batch = 1, .seq_len = 3, .num_heads = 48, .num_kv_heads = 6, .head_dim = 100}},
    {{.batch = 0, .seq_len = 4, .num_heads = 2, .num_kv_heads = 1, .head_dim = 8}},
    {{.batch = 2,
      .seq_len = 3,
      .num_heads = 4,
      .num_kv_heads = 2,
      .head_dim = 128,
      .rotary_dim = 64}},
    {{.batch = 1,
      .seq_len = 3,
      .num_heads = 4,
      .num_kv_heads = 2,
      .head_dim = 48,
      .rotary_begin = 16,
      .rotary_dim = 16,
      .interleaved = true}},
    {{.batch = 1,
      .seq_len = 3,
      .num_heads = 2,
      .num_kv_heads = 1,
      .head_dim = 12,
      .rotary_begin = 2,
      .rotary_dim = 6,
      .interleaved = true}},
    {{.batch = 2,
      .seq_len = 3,
      .num_heads = 4,
      .num_kv_heads = 2,
      .head_dim = 16,
      .value_dim = 32,
      .split_dim = 48},
     RopeLayout::kSeparate},
    {{.batch = 2,
      .seq_len = 5,
      .num_heads = 16,
      .num_kv_heads = 16,
      .head_dim = 192,
      .rotary_begin = 128,
      .rotary_dim = 64,
      .interleaved = true,
      .value_dim = 128},
     RopeLayout::kLatent},
    {{.batch = 1,
      .seq_len = 3,
      .num_heads = 3,
      .num_kv_heads = 3,
      .head_dim = 10,
      .rotary_begin = 6,
      .rotary_dim = 4,
      .value_dim = 14,
      .split_dim = 14},
     RopeLayout::kLatent},
};

template <typename T>
class RopeTiles : public MachineTest {
 protected:
  template <typename Body>
  void for_each_case(Body body) {
    for (const RopeCase& c : kCases) {
      SCOPED_TRACE(::testing::Message() << c);
      // A table longer than the sequence serves too.
      body(c, RopeTable(c.shape.seq_len + 3, rope_frequencies(10000, c.shape.rotary()), 1.25));
    }
  }
};
TYPED_TEST_SUITE(RopeTiles, StorageTypes);

TYPED_TEST(RopeTiles, ForwardIsTheCpuKernels) {
  this->for_each_case([&](const RopeCase& c, const RopeTable& table) {
    const std::int64_t size = split_size(c.shape);
    const auto values = random_values<TypeParam>(source_size(c), 1);
    auto q = unwritten<TypeParam>(size), k = q, v = q;
    rope_split_forward(source_in(values.data(), c), table, c.shape, q.data(), k.data(), v.data());
    this->in_every_order([&] {
      Array<TypeParam> in(values), q_array(size), k_array(size), v_array(size);
      Array<float> cos(table.cos), sin(table.sin);
      cuda::rope_split_forward<TypeParam>(source_in<const TypeParam>(in.data(), c), cos.data(),
                                          sin.data(), c.shape, q_array.data(), k_array.data(),
                                          v_array.data(), nullptr);
      expect_near_norm(q_array.values(), to_doubles(q), kTolerance<TypeParam>);
      expect_near_norm(k_array.values(), to_doubles(k), kTolerance<TypeParam>);
      EXPECT_EQ(to_doubles(v_array.values()), to_doubles(v));
    });
  });
}

TYPED_TEST(RopeTiles, BackwardIsTheCpuKernels) {
  this->for_each_case([&](const RopeCase& c, const RopeTable& table) {
    const auto dq = random_values<TypeParam>(split_size(c.shape), 2);
    const auto dk = random_values<TypeParam>(split_size(c.shape), 3);
    const auto dv = random_values<TypeParam>(split_size(c.shape), 4);
    auto gradient = unwritten<TypeParam>(source_size(c));
    rope_split_backward(dq.data(), dk.data(), dv.data(), table, c.shape,
                        source_in(gradient.data(), c));
    this->in_every_order([&] {
      Array<TypeParam> dq_array(dq), dk_array(dk), dv_array(dv), out(source_size(c));
      Array<float> cos(table.cos), sin(table.sin);
      cuda::rope_split_backward<TypeParam>(dq_array.data(), dk_array.data(), dv_array.data(),
                                           cos.data(), sin.data(), c.shape,
                                           source_in(out.data(), c), nullptr);
      expect_near_norm(out.values(), to_doubles(gradient), kTolerance<TypeParam>);
    });
  });
}

}  // namespace
}  // namespace moebench::kernels
