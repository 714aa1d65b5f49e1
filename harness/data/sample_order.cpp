#include "harness/data/sample_order.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "harness/base/counter_random.h"

namespace moebench::data {

std::vector<std::int64_t> epoch_order(std::uint64_t seed, std::int64_t epoch,
                                      std::int64_t num_samples) {
  const std::uint64_t key = stream_key(seed, Stream::kOrder, epoch);
  std::vector<std::int64_t> order(static_cast<std::size_t>(num_samples));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t i = num_samples - 1; i > 0; --i) {
    const std::int64_t j = below(mix64(key + static_cast<std::uint64_t>(i)), i + 1);
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
  }
  return order;
}

std::int64_t SampleOrder::at(std::int64_t position) const {
  const std::int64_t epoch = position / num_samples_;
  if (epoch != epoch_) {
    order_ = epoch_order(seed_, epoch, num_samples_);
    epoch_ = epoch;
  }
  return order_[static_cast<std::size_t>(position % num_samples_)];
}

TokenStream::TokenStream(std::uint64_t seed, const Samples& samples)
    : seed_(seed), samples_(samples) {
  for (std::int64_t i = 0; i < samples.count(); ++i) epoch_tokens_ += samples.length(i);
}

void TokenStream::enter_epoch(std::int64_t epoch) const {
  if (epoch == epoch_) return;
  order_ = epoch_order(seed_, epoch, samples_.count());
  starts_.assign(1, 0);
  for (std::int64_t sample : order_) starts_.push_back(starts_.back() + samples_.length(sample));
  epoch_ = epoch;
}

void TokenStream::copy(std::int64_t position, std::span<std::int64_t> out) const {
  while (!out.empty()) {
    enter_epoch(position / epoch_tokens_);
    const std::int64_t within = position % epoch_tokens_;
    const auto next = std::upper_bound(starts_.begin(), starts_.end(), within);
    const std::int64_t start = *(next - 1);
    const std::int64_t count = std::min<std::int64_t>(*next - within, std::ssize(out));
    const auto place = static_cast<std::size_t>(next - 1 - starts_.begin());
    samples_.copy(order_[place], within - start, out.first(static_cast<std::size_t>(count)));
    out = out.subspan(static_cast<std::size_t>(count));
    position += count;
  }
}

}  // namespace moebench::data
