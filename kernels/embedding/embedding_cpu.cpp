#include <algorithm>
#include <numeric>
#include <vector>

#include "harness/base/check.h"
#include "kernels/embedding/embedding.h"

namespace moebench::kernels {

template <typename T>
void embedding_backward(const std::int64_t* tokens, const T* dx, std::int64_t rows,
                        std::int64_t vocab, std::int64_t hidden, T* dtable, bool accumulate) {
  if (!accumulate) std::fill(dtable, dtable + vocab * hidden, T{});
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return tokens[a] < tokens[b]; });
  std::vector<float> sum(static_cast<std::size_t>(hidden));
  for (std::size_t first = 0; first < order.size();) {
    const std::int64_t token = tokens[order[first]];
    MOEBENCH_CHECK(token >= 0 && token < vocab);
    T* out = dtable + token * hidden;
    for (std::int64_t i = 0; i < hidden; ++i) sum[static_cast<std::size_t>(i)] = to_float(out[i]);
    for (; first < order.size() && tokens[order[first]] == token; ++first) {
      const T* in = dx + order[first] * hidden;
      float* sum_H = sum.data();
#pragma omp simd
      for (std::int64_t i = 0; i < hidden; ++i) sum_H[i] += to_float(in[i]);
    }
    for (std::int64_t i = 0; i < hidden; ++i)
      out[i] = from_float<T>(sum[static_cast<std::size_t>(i)]);
  }
}

template void embedding_backward(const std::int64_t*, const float*, std::int64_t, std::int64_t,
                                 std::int64_t, float*, bool);
template void embedding_backward(const std::int64_t*, const Bfloat16*, std::int64_t, std::int64_t,
                                 std::int64_t, Bfloat16*, bool);

}  // namespace moebench::kernels
