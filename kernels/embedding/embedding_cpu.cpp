#include "kernels/embedding/embedding.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "harness/base/check.h"

namespace moebench::kernels {

namespace {

// Rows in the order of their tokens, those of one token in their own order, and where in it each
// token's rows begin, with the number of rows as the last.
struct RowsByToken {
  std::vector<std::int64_t> order, begins;
};

RowsByToken sort_rows(const std::int64_t* tokens, std::int64_t rows) {
  RowsByToken sorted;
  sorted.order.resize(static_cast<std::size_t>(rows));
  std::iota(sorted.order.begin(), sorted.order.end(), std::int64_t{0});
  std::stable_sort(sorted.order.begin(), sorted.order.end(),
                   [&](std::int64_t a, std::int64_t b) { return tokens[a] < tokens[b]; });
  std::int64_t before = -1;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t token = tokens[sorted.order[static_cast<std::size_t>(i)]];
    if (token != before) sorted.begins.push_back(i);
    before = token;
  }
  sorted.begins.push_back(rows);
  return sorted;
}

// Adds rows of dx to one row of the table, in fp32 and in their order.
template <typename T>
void add_rows(const T* dx, std::span<const std::int64_t> rows, std::span<float> sum, T* out) {
  const auto hidden = std::ssize(sum);
  float* const sum_H = sum.data();
  for (std::int64_t i = 0; i < hidden; ++i) sum_H[i] = to_float(out[i]);
  for (const std::int64_t row : rows) {
    const T* in = dx + row * hidden;
#pragma omp simd
    for (std::int64_t i = 0; i < hidden; ++i) sum_H[i] += to_float(in[i]);
  }
  for (std::int64_t i = 0; i < hidden; ++i) out[i] = from_float<T>(sum_H[i]);
}

}  // namespace

template <typename T>
void embedding_backward(const std::int64_t* tokens, const T* dx, std::int64_t rows,
                        std::int64_t vocab, std::int64_t hidden, T* dtable, bool accumulate) {
  for (const std::int64_t token : std::span(tokens, static_cast<std::size_t>(rows))) {
    MOEBENCH_CHECK(token >= 0 && token < vocab);
  }
  const RowsByToken sorted = sort_rows(tokens, rows);
  // A thread has whole tokens: the sum of each is the same with any number of threads.
#pragma omp parallel
  {
    if (!accumulate) {
#pragma omp for
      for (std::int64_t v = 0; v < vocab; ++v) {
        std::fill(dtable + v * hidden, dtable + (v + 1) * hidden, T{});
      }
    }
    std::vector<float> sum(static_cast<std::size_t>(hidden));
#pragma omp for schedule(dynamic, 16)
    for (std::int64_t t = 0; t < std::ssize(sorted.begins) - 1; ++t) {
      const auto begin = static_cast<std::size_t>(sorted.begins[static_cast<std::size_t>(t)]);
      const auto end = static_cast<std::size_t>(sorted.begins[static_cast<std::size_t>(t) + 1]);
      add_rows(dx, std::span(sorted.order).subspan(begin, end - begin), std::span(sum),
               dtable + tokens[sorted.order[begin]] * hidden);
    }
  }
}

template void embedding_backward(const std::int64_t*, const float*, std::int64_t, std::int64_t,
                                 std::int64_t, float*, bool);
template void embedding_backward(const std::int64_t*, const Bfloat16*, std::int64_t, std::int64_t,
                                 std::int64_t, Bfloat16*, bool);

}  // namespace moebench::kernels
