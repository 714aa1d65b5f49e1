#include "kernels/gpu/machine_testing.h"
#include "kernels/sum_parts/sum_parts_cuda.h"

namespace moebench::kernels {
namespace {

struct Case {
  std::int64_t count, stride, num_parts;
};

// Empty; no part; one part at any stride; whole vectors; a ragged end; parts that begin beside
// vectors; gaps between parts; more than one block.
constexpr Case kCases[] = {{0, 0, 3},   {9, 9, 0},     {5, 3, 1},   {64, 64, 4},    {61, 64, 3},
                           {37, 37, 5}, {100, 160, 2}, {7, 16, 64}, {5003, 5008, 3}};

template <typename T>
class SumPartsTiles : public MachineTest {
 protected:
  // Sums in fp32 and in the order of parts: the result is the same to the last bit.
  static std::vector<T> reference(const std::vector<T>& parts, const Case& c,
                                  const std::vector<T>& before, bool accumulate) {
    std::vector<T> out;
    for (std::int64_t i = 0; i < c.count; ++i) {
      float sum = accumulate ? to_float(before[static_cast<std::size_t>(i)]) : 0.0f;
      for (std::int64_t p = 0; p < c.num_parts; ++p) {
        sum += to_float(parts[static_cast<std::size_t>(p * c.stride + i)]);
      }
      out.push_back(from_float<T>(sum));
    }
    return out;
  }
};
TYPED_TEST_SUITE(SumPartsTiles, StorageTypes);

TYPED_TEST(SumPartsTiles, AddInTheOrderOfPartsAndRoundOnce) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message() << c.num_parts << " parts of " << c.count);
    const auto parts = random_values<TypeParam>(c.num_parts * c.stride + c.count, 1);
    const auto before = random_values<TypeParam>(c.count, 2);
    this->in_every_order([&] {
      Array<TypeParam> in(parts);
      for (const bool accumulate : {false, true}) {
        Array<TypeParam> out(before);
        cuda::sum_parts<TypeParam>(in.data(), c.stride, c.num_parts, c.count, accumulate,
                                   out.data(), nullptr);
        EXPECT_EQ(to_doubles(out.values()),
                  to_doubles(this->reference(parts, c, before, accumulate)));
      }
    });
  }
}

TYPED_TEST(SumPartsTiles, MayWriteOverAPart) {
  const Case c{.count = 300, .stride = 304, .num_parts = 4};
  const auto parts = random_values<TypeParam>(c.num_parts * c.stride, 3);
  const auto expected = this->reference(parts, c, {}, false);
  this->in_every_order([&] {
    Array<TypeParam> in(parts);
    TypeParam* const second = in.data() + c.stride;
    cuda::sum_parts<TypeParam>(in.data(), c.stride, c.num_parts, c.count, false, second, nullptr);
    const auto all = in.values();
    const std::vector<TypeParam> actual(all.begin() + c.stride, all.begin() + c.stride + c.count);
    EXPECT_EQ(to_doubles(actual), to_doubles(expected));
  });
}

TYPED_TEST(SumPartsTiles, AcceptUnalignedAddresses) {
  const Case c{.count = 40, .stride = 48, .num_parts = 2};
  const auto parts = random_values<TypeParam>(c.num_parts * c.stride + 1, 4);
  const auto expected = this->reference({parts.begin() + 1, parts.end()}, c, {}, false);
  this->in_every_order([&] {
    Array<TypeParam> in(parts), out(c.count);
    cuda::sum_parts<TypeParam>(in.data() + 1, c.stride, c.num_parts, c.count, false, out.data(),
                               nullptr);
    EXPECT_EQ(to_doubles(out.values()), to_doubles(expected));
  });
}

}  // namespace
}  // namespace moebench::kernels
