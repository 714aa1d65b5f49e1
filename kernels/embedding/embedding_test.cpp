#include "kernels/embedding/embedding.h"

#include "kernels/kernels_testing.h"

namespace moebench::kernels {
namespace {

struct Case {
  std::int64_t rows, vocab, hidden;
};

// Repeated tokens, words that never occur, ragged widths, no rows.
constexpr Case kCases[] = {{0, 3, 4}, {1, 1, 1}, {9, 4, 37}, {5, 100, 16}, {64, 7, 3}};

std::vector<std::int64_t> some_tokens(const Case& c) {
  std::vector<std::int64_t> tokens;
  for (std::int64_t t = 0; t < c.rows; ++t) tokens.push_back((t * t + c.vocab - 1) % c.vocab);
  return tokens;
}

template <typename T>
class EmbeddingBackward : public ::testing::Test {};
TYPED_TEST_SUITE(EmbeddingBackward, StorageTypes);

TYPED_TEST(EmbeddingBackward, MatchesFiniteDifferencesOfTheLookUp) {
  for (const Case& c : kCases) {
    const auto tokens = some_tokens(c);
    const auto dx = random_values<TypeParam>(c.rows * c.hidden, 1);
    auto dtable = unwritten<TypeParam>(c.vocab * c.hidden);
    embedding_backward(tokens.data(), dx.data(), c.rows, c.vocab, c.hidden, dtable.data(),
                       /*accumulate=*/false);
    const auto g = to_doubles(dx);
    const auto loss = [&](const std::vector<double>& table) {
      double sum = 0;
      for (std::int64_t i = 0; i < c.rows * c.hidden; ++i) {
        const std::int64_t token = tokens[static_cast<std::size_t>(i / c.hidden)];
        sum += g[static_cast<std::size_t>(i)] *
               table[static_cast<std::size_t>(token * c.hidden + i % c.hidden)];
      }
      return sum;
    };
    const auto table = to_doubles(random_values<float>(c.vocab * c.hidden, 2));
    expect_near_norm(dtable, numeric_gradient(loss, table), kTolerance<TypeParam>);
  }
}

TYPED_TEST(EmbeddingBackward, AddsToTheTableOnDemand) {
  for (const Case& c : kCases) {
    const auto tokens = some_tokens(c);
    const auto dx = random_values<TypeParam>(c.rows * c.hidden, 3);
    const auto before = random_values<TypeParam>(c.vocab * c.hidden, 4);
    auto dtable = before;
    embedding_backward(tokens.data(), dx.data(), c.rows, c.vocab, c.hidden, dtable.data(),
                       /*accumulate=*/true);
    auto expected = to_doubles(before);
    for (std::int64_t i = 0; i < c.rows * c.hidden; ++i) {
      const std::int64_t token = tokens[static_cast<std::size_t>(i / c.hidden)];
      expected[static_cast<std::size_t>(token * c.hidden + i % c.hidden)] +=
          to_doubles(dx)[static_cast<std::size_t>(i)];
    }
    expect_near_norm(dtable, expected, kTolerance<TypeParam>);
  }
}

TYPED_TEST(EmbeddingBackward, SumsRepeatedTokensBeforeRounding) {
  // 1 + 256 x 2^-9 is 1.5; bf16 sums would stay at 1.
  std::vector<TypeParam> dx(257, from_float<TypeParam>(1.0f / 512));
  dx[0] = from_float<TypeParam>(1);
  const std::vector<std::int64_t> tokens(dx.size(), 0);
  TypeParam dtable{};
  embedding_backward(tokens.data(), dx.data(), 257, 1, 1, &dtable, /*accumulate=*/false);
  EXPECT_EQ(to_float(dtable), 1.5f);
}

TYPED_TEST(EmbeddingBackward, HasTheSameBitsWithAnyNumberOfThreads) {
  const Case c{2000, 61, 37};
  const auto tokens = some_tokens(c);
  const auto dx = random_values<TypeParam>(c.rows * c.hidden, 5);
  const auto table = [&](int threads) {
    const NumThreads scope(threads);
    auto dtable = unwritten<TypeParam>(c.vocab * c.hidden);
    embedding_backward(tokens.data(), dx.data(), c.rows, c.vocab, c.hidden, dtable.data(),
                       /*accumulate=*/false);
    return to_doubles(dtable);
  };
  const auto alone = table(1);
  for (const int threads : {2, 3, 7}) EXPECT_EQ(table(threads), alone) << threads << " threads";
}

TEST(EmbeddingBackwardDeathTest, RefusesAnUnknownToken) {
  const std::vector<float> dx(2, 1.0f);
  std::vector<float> dtable(3);
  for (std::int64_t token : {-1, 3}) {
    const std::vector<std::int64_t> tokens{0, token};
    EXPECT_DEATH(embedding_backward(tokens.data(), dx.data(), 2, 3, 1, dtable.data(), false),
                 "token < vocab");
  }
}

}  // namespace
}  // namespace moebench::kernels
