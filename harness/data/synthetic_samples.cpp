#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/counter_random.h"
#include "harness/base/error.h"
#include "harness/data/samples.h"

namespace moebench::data {
namespace {

constexpr std::int64_t kNumSamples = 65536;
constexpr double kSigma = 0.6;

// e^x for |x| < 10 to about 1e-13 relative. No mathematical library, so that lengths are the same
// on every machine.
double portable_exp(double x) {
  const double y = x / 1024;
  double power = 1 + y * (1 + y / 2 * (1 + y / 3 * (1 + y / 4)));
  for (int i = 0; i < 10; ++i) power *= power;
  return power;
}

// Mean 0, variance 1: the sum of twelve 16-bit uniforms.
double nearly_normal(std::uint64_t key) {
  std::int64_t sum = 0;
  for (std::uint64_t i = 0; i < 3; ++i) {
    const std::uint64_t hash = mix64(key + i);
    for (int shift = 0; shift < 64; shift += 16) sum += (hash >> shift) & 0xffff;
  }
  return static_cast<double>(sum - 6 * 65535) / 65536;
}

// Log-normal with this mean: mu = ln(mean) - sigma^2 / 2.
std::int64_t sample_length(const config::CellConfig& cell, std::int64_t sample) {
  const double z = nearly_normal(stream_key(cell.seed, Stream::kLength, sample));
  const double length = cell.data.mean_length * portable_exp(kSigma * z - kSigma * kSigma / 2);
  const double longest = static_cast<double>(cell.seq_len);
  return static_cast<std::int64_t>(std::clamp(std::floor(length + 0.5), 2.0, longest));
}

// Token ids are uniform over the vocabulary and computed when asked for.
class SyntheticSamples : public Samples {
 public:
  explicit SyntheticSamples(const config::CellConfig& cell)
      : seed_(cell.seed), vocab_size_(cell.model.vocab_size) {
    lengths_.reserve(kNumSamples);
    for (std::int64_t i = 0; i < kNumSamples; ++i) lengths_.push_back(sample_length(cell, i));
  }

  std::int64_t count() const override { return kNumSamples; }

  std::int64_t num_unused() const override { return 0; }

  std::int64_t length(std::int64_t sample) const override {
    return lengths_[static_cast<std::size_t>(sample)];
  }

  void copy(std::int64_t sample, std::int64_t begin, std::span<std::int64_t> out) const override {
    std::uint64_t counter =
        stream_key(seed_, Stream::kToken, sample) + static_cast<std::uint64_t>(begin);
    for (std::int64_t& token : out) token = below(mix64(counter++), vocab_size_);
  }

 private:
  std::uint64_t seed_;
  std::int64_t vocab_size_;
  std::vector<std::int64_t> lengths_;
};

}  // namespace

std::unique_ptr<Samples> make_synthetic_samples(const config::CellConfig& cell) {
  if (!(cell.data.mean_length >= 2 && cell.data.mean_length <= 1e9)) {
    throw Error("synthetic data: mean_length {} is outside 2 .. 1e9; use e.g. 210",
                cell.data.mean_length);
  }
  if (cell.model.vocab_size < 1) {
    throw Error("model '{}' has a vocabulary of {}; vocab_size must be at least 1", cell.model.name,
                cell.model.vocab_size);
  }
  return std::make_unique<SyntheticSamples>(cell);
}

}  // namespace moebench::data
