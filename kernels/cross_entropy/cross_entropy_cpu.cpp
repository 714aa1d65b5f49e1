#include "kernels/cross_entropy/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/check.h"
#include "kernels/vector_math.h"

namespace moebench::kernels {
namespace {

template <typename T>
double row_loss_and_gradient(T* logits, std::int64_t label, std::int64_t vocab, float scale,
                             float* exps) {
  float max = to_float(logits[0]);
#pragma omp simd reduction(max : max)
  for (std::int64_t i = 0; i < vocab; ++i) max = std::max(max, to_float(logits[i]));
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < vocab; ++i) {
    exps[i] = fast_exp(to_float(logits[i]) - max);
    sum += exps[i];
  }
  const double loss = static_cast<double>(max) + std::log(static_cast<double>(sum)) -
                      static_cast<double>(to_float(logits[label]));
  const float factor = scale / sum;
  const float at_label = exps[label] * factor - scale;
#pragma omp simd
  for (std::int64_t i = 0; i < vocab; ++i) logits[i] = from_float<T>(exps[i] * factor);
  logits[label] = from_float<T>(at_label);
  return loss;
}

}  // namespace

template <typename T>
double cross_entropy_in_place(T* logits, const std::int64_t* labels, std::int64_t rows,
                              std::int64_t vocab, float scale) {
  for (std::int64_t r = 0; r < rows; ++r) MOEBENCH_CHECK(labels[r] < vocab);
  std::vector<double> losses(static_cast<std::size_t>(rows), 0.0);
#pragma omp parallel
  {
    std::vector<float> exps(static_cast<std::size_t>(vocab));
#pragma omp for
    for (std::int64_t r = 0; r < rows; ++r) {
      T* row = logits + r * vocab;
      if (labels[r] < 0) {
        std::fill(row, row + vocab, T{});
      } else {
        losses[static_cast<std::size_t>(r)] =
            row_loss_and_gradient(row, labels[r], vocab, scale, exps.data());
      }
    }
  }
  double total = 0;
  for (double loss : losses) total += loss;
  return total;
}

template double cross_entropy_in_place(float*, const std::int64_t*, std::int64_t, std::int64_t,
                                       float);
template double cross_entropy_in_place(Bfloat16*, const std::int64_t*, std::int64_t, std::int64_t,
                                       float);

}  // namespace moebench::kernels
