#pragma once

#include <cstdint>
#include <vector>

#include "harness/data/samples.h"

namespace moebench::data {

// The order in which one epoch visits the samples: a permutation of 0 .. num_samples - 1 that
// depends on nothing but seed, epoch and num_samples (Fisher-Yates).
std::vector<std::int64_t> epoch_order(std::uint64_t seed, std::int64_t epoch,
                                      std::int64_t num_samples);

// The endless sequence of samples, epoch after epoch. Keeps the order of the epoch asked for last;
// for one thread.
class SampleOrder {
 public:
  SampleOrder(std::uint64_t seed, std::int64_t num_samples)
      : seed_(seed), num_samples_(num_samples) {}

  // The sample at `position` >= 0.
  std::int64_t at(std::int64_t position) const;

 private:
  std::uint64_t seed_;
  std::int64_t num_samples_;
  mutable std::int64_t epoch_ = -1;
  mutable std::vector<std::int64_t> order_;
};

// The endless stream of tokens that the same sequence gives when it is concatenated. For one
// thread.
class TokenStream {
 public:
  TokenStream(std::uint64_t seed, const Samples& samples);

  // Tokens [position, position + out.size()) of the stream.
  void copy(std::int64_t position, std::span<std::int64_t> out) const;

 private:
  void enter_epoch(std::int64_t epoch) const;

  std::uint64_t seed_;
  const Samples& samples_;
  std::int64_t epoch_tokens_ = 0;  // the same in every epoch
  mutable std::int64_t epoch_ = -1;
  mutable std::vector<std::int64_t> order_;
  mutable std::vector<std::int64_t>
      starts_;  // where order_[i] begins within the epoch, and the end
};

}  // namespace moebench::data
