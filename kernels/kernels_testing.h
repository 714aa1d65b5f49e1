#pragma once

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <type_traits>
#include <vector>

#include "harness/base/bfloat16.h"

namespace moebench::kernels {

using StorageTypes = ::testing::Types<float, Bfloat16>;

// Relative error of the norm that a kernel may have: fp32 sums, or two roundings to bf16.
template <typename T>
constexpr double kTolerance = std::is_same_v<T, float> ? 2e-6 : 2.0 / 512;

// Uniform in [-range, range] and already rounded to T: the reference sees what the kernel sees.
template <typename T>
std::vector<T> random_values(std::int64_t count, std::uint32_t seed, float range = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-range, range);
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(from_float<T>(uniform(generator)));
  return values;
}

// Outputs start like this, so that an element that the kernel leaves unwritten shows.
template <typename T>
std::vector<T> unwritten(std::int64_t count) {
  return std::vector<T>(static_cast<std::size_t>(count), from_float<T>(12345.0f));
}

template <typename T>
std::vector<double> to_doubles(const std::vector<T>& values) {
  std::vector<double> doubles;
  for (const T& value : values) doubles.push_back(static_cast<double>(to_float(value)));
  return doubles;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Kernels on the CPU run with so many threads while it lives.
class NumThreads {
 public:
  explicit NumThreads(int count) : before_(omp_get_max_threads()) { omp_set_num_threads(count); }
  ~NumThreads() { omp_set_num_threads(before_); }
  NumThreads(const NumThreads&) = delete;
  NumThreads& operator=(const NumThreads&) = delete;

 private:
  int before_;
};

// |actual - expected| <= tolerance x |expected| in the Euclidean norm; a NaN fails.
template <typename T>
void expect_near_norm(const std::vector<T>& actual, const std::vector<double>& expected,
                      double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  std::vector<double> difference = to_doubles(actual);
  for (std::size_t i = 0; i < expected.size(); ++i) difference[i] -= expected[i];
  EXPECT_LE(std::sqrt(dot(difference, difference)), tolerance * std::sqrt(dot(expected, expected)));
}

// Central differences of a scalar function of x.
inline std::vector<double> numeric_gradient(
    const std::function<double(const std::vector<double>&)>& function, std::vector<double> x) {
  constexpr double kStep = 1e-5;
  std::vector<double> gradient;
  for (double& value : x) {
    const double centre = value;
    value = centre + kStep;
    const double above = function(x);
    value = centre - kStep;
    gradient.push_back((above - function(x)) / (2 * kStep));
    value = centre;
  }
  return gradient;
}

}  // namespace moebench::kernels
