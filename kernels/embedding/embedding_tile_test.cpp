#include <algorithm>
#include <random>

#include "kernels/embedding/embedding.h"
#include "kernels/embedding/embedding_cuda.h"
#include "kernels/gpu/machine_testing.h"

namespace moebench::kernels {
namespace {

struct Case {
  std::int64_t rows, vocab, hidden;
};

// No rows; one; repeated tokens; words that never occur; ragged widths; whole chunks, ragged ones
// and many; one word for all, and two; rows of more than one
// block.
constexpr Case kCases[] = {{0, 3, 4},     {1, 1, 1},     {9, 4, 37},     {5, 300, 16},
                           {64, 7, 3},    {512, 100, 8}, {1300, 700, 5}, {700, 1, 2},
                           {5000, 40, 8}, {20, 6, 2056}, {11, 3, 515},   {700, 2, 2056}};

// Some tokens occur far more often than others, and the last one of several never.
std::vector<std::int64_t> random_tokens(const Case& c) {
  std::mt19937 generator(1);
  const auto range = static_cast<std::uint32_t>(std::max<std::int64_t>(c.vocab - 1, 1));
  std::vector<std::int64_t> tokens;
  for (std::int64_t t = 0; t < c.rows; ++t) {
    tokens.push_back(generator() % (generator() % range + 1));
  }
  return tokens;
}

template <typename T>
class EmbeddingTiles : public MachineTest {};
TYPED_TEST_SUITE(EmbeddingTiles, StorageTypes);

// Both add in the order of t: the results are the same to the last bit.
TYPED_TEST(EmbeddingTiles, GiveTheCpuKernelsTable) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message()
                 << c.rows << " rows of " << c.hidden << ", " << c.vocab << " tokens");
    const auto tokens = random_tokens(c);
    const auto dx = random_values<TypeParam>(c.rows * c.hidden, 1);
    const auto before = random_values<TypeParam>(c.vocab * c.hidden, 2);
    for (const bool accumulate : {false, true}) {
      auto expected = before;
      embedding_backward(tokens.data(), dx.data(), c.rows, c.vocab, c.hidden, expected.data(),
                         accumulate);
      this->in_every_order([&] {
        Array<std::int64_t> token_array(tokens);
        Array<TypeParam> in(dx), table(before);
        Array<std::int32_t> workspace(cuda::embedding_backward_workspace(c.rows, c.vocab));
        cuda::embedding_backward<TypeParam>(token_array.data(), in.data(), c.rows, c.vocab,
                                            c.hidden, table.data(), accumulate, workspace.data(),
                                            nullptr);
        EXPECT_EQ(to_doubles(table.values()), to_doubles(expected));
      });
    }
  }
}

#if !defined(MOEBENCH_ON_DEVICE)
TEST(EmbeddingTilesDeathTest, RefuseAnUnknownToken) {
  const float dx[2] = {};
  float table[3];
  std::int32_t workspace[4 * 2 + 3 + 1];
  for (const std::int64_t token : {-1, 3}) {
    const std::int64_t tokens[] = {0, token};
    EXPECT_DEATH(cuda::embedding_backward(tokens, dx, 2, 3, 1, table, false, workspace, nullptr),
                 "known");
  }
}
#endif

}  // namespace
}  // namespace moebench::kernels
