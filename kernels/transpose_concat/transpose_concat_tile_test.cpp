#include "kernels/gpu/test_machine.h"
#include "kernels/transpose_concat/transpose_concat_cuda.h"

namespace moebench::kernels {
namespace {

struct Case {
  std::int64_t matrices, rows, cols;
};

// None, empty, one element, one row, one column, ragged, whole squares, more matrices than a launch
// takes.
constexpr Case kCases[] = {{0, 3, 5},   {2, 0, 5},   {2, 5, 0},     {1, 1, 1},   {2, 1, 40},
                           {2, 70, 1},  {3, 7, 13},  {2, 64, 64},   {1, 65, 63}, {2, 128, 192},
                           {2, 63, 65}, {1, 33, 17}, {1, 200, 131}, {65, 3, 2},  {130, 2, 3}};

template <typename T>
class TransposeConcatTiles : public MachineTest {};
TYPED_TEST_SUITE(TransposeConcatTiles, StorageTypes);

TYPED_TEST(TransposeConcatTiles, StackTransposedMatricesInTheirOrder) {
  for (const auto& [matrices, rows, cols] : kCases) {
    SCOPED_TRACE(::testing::Message() << matrices << " of " << rows << "x" << cols);
    const std::int64_t size = rows * cols;
    const auto values = random_values<TypeParam>(matrices * size, 1);
    std::vector<double> expected;
    for (std::int64_t m = 0; m < matrices; ++m) {
      for (std::int64_t i = 0; i < size; ++i) {
        // The last matrix in memory comes first.
        const std::int64_t from = (matrices - 1 - m) * size + i % rows * cols + i / rows;
        expected.push_back(static_cast<double>(to_float(values[static_cast<std::size_t>(from)])));
      }
    }
    this->in_every_order([&, matrices = matrices, rows = rows, cols = cols] {
      Array<TypeParam> in(values), out(matrices * size);
      std::vector<const TypeParam*> sources;
      for (std::int64_t m = matrices; m-- > 0;) sources.push_back(in.data() + m * size);
      cuda::transpose_concat<TypeParam>(sources, rows, cols, out.data(), nullptr);
      EXPECT_EQ(to_doubles(out.values()), expected);
    });
  }
}

}  // namespace
}  // namespace moebench::kernels
