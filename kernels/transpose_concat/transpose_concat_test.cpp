#include "kernels/transpose_concat/transpose_concat.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

struct Shape {
  std::int64_t rows, cols;
};

// Empty, single, ragged, whole vectors, and more than one tile each way.
constexpr Shape kShapes[] = {{0, 5},     {5, 0},     {1, 1},     {1, 40},  {40, 1},
                             {7, 13},    {32, 8},    {64, 64},   {33, 17}, {257, 300},
                             {256, 256}, {512, 640}, {300, 1031}};
constexpr Stores kAllStores[] = {Stores::kAuto, Stores::kCached, Stores::kStreaming};

// Every element differs from its neighbours in both halves of its bits.
template <typename T>
std::vector<T> distinct(std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count));
  std::uint32_t bits = 1;
  for (T& value : values) {
    bits = bits * 1664525u + 1013904223u;
    std::memcpy(&value, reinterpret_cast<const char*>(&bits) + (4 - sizeof(T)), sizeof(T));
  }
  return values;
}

template <typename T>
bool same_bits(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

// Room for `count` elements from a cache line on.
template <typename T>
class Lines {
 public:
  explicit Lines(std::int64_t count) : memory_(unwritten<T>(count + 64)) {}
  T* data() {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    return memory_.data() + (64 - address % 64) % 64 / sizeof(T);
  }

 private:
  std::vector<T> memory_;
};

template <typename T>
class TransposeConcat : public ::testing::Test {};
TYPED_TEST_SUITE(TransposeConcat, StorageTypes);

TYPED_TEST(TransposeConcat, TransposesABlockAndLeavesTheRest) {
  for (const auto [rows, cols] : kShapes) {
    for (const std::int64_t gap : {0, 3, 32}) {
      for (const Stores stores : kAllStores) {
        const std::int64_t source_stride = cols + gap, stride = rows + gap;
        const auto source = distinct<TypeParam>(rows * source_stride);
        Lines<TypeParam> lines(cols * stride);
        transpose(source.data(), source_stride, rows, cols, lines.data(), stride, stores);
        const auto untouched = unwritten<TypeParam>(1)[0];
        for (std::int64_t c = 0; c < cols; ++c) {
          for (std::int64_t r = 0; r < stride; ++r) {
            const auto& expected =
                r < rows ? source[static_cast<std::size_t>(r * source_stride + c)] : untouched;
            ASSERT_TRUE(same_bits(lines.data()[c * stride + r], expected))
                << rows << "x" << cols << "+" << gap << " at " << r << "," << c;
          }
        }
      }
    }
  }
}

TYPED_TEST(TransposeConcat, ToleratesAnyAlignment) {
  const std::int64_t rows = 96, cols = 80;
  const auto source = distinct<TypeParam>(rows * cols + 1);
  for (const std::int64_t shift : {0, 1}) {
    Lines<TypeParam> lines(rows * cols + 1);
    TypeParam* destination = lines.data() + shift;
    transpose(source.data() + shift, cols, rows, cols, destination, rows, Stores::kStreaming);
    for (std::int64_t i = 0; i < rows * cols; ++i) {
      const auto from = static_cast<std::size_t>(i % rows * cols + i / rows + shift);
      ASSERT_TRUE(same_bits(destination[i], source[from])) << shift << " " << i;
    }
  }
}

TYPED_TEST(TransposeConcat, StacksTransposedMatrices) {
  for (const auto [rows, cols] : kShapes) {
    const auto values = distinct<TypeParam>(3 * rows * cols);
    // The sources come in another order than they lie in memory.
    const std::vector<const TypeParam*> sources = {values.data() + 2 * rows * cols, values.data(),
                                                   values.data() + rows * cols};
    Lines<TypeParam> lines(3 * rows * cols);
    transpose_concat<TypeParam>(sources, rows, cols, lines.data());
    for (std::int64_t m = 0; m < 3; ++m) {
      for (std::int64_t i = 0; i < rows * cols; ++i) {
        const TypeParam& expected =
            sources[static_cast<std::size_t>(m)][i % rows * cols + i / rows];
        ASSERT_TRUE(same_bits(lines.data()[m * rows * cols + i], expected))
            << rows << "x" << cols << " matrix " << m << " at " << i;
      }
    }
  }
}

}  // namespace
}  // namespace moebench::kernels
