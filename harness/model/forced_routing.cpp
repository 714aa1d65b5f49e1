#include "harness/model/forced_routing.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "harness/base/check.h"
#include "harness/base/counter_random.h"
#include "harness/weights/expert_trace.h"

namespace moebench::model {
namespace {

std::vector<std::int32_t> expert_order(std::uint64_t seed, std::int64_t layer,
                                       std::int64_t num_experts) {
  const std::uint64_t key = stream_key(seed, Stream::kRouting, layer);
  std::vector<std::int32_t> order(static_cast<std::size_t>(num_experts));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t i = num_experts - 1; i > 0; --i) {
    const std::int64_t j = below(mix64(key + static_cast<std::uint64_t>(i)), i + 1);
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
  }
  return order;
}

class BalancedRouting : public ForcedRouting {
 public:
  explicit BalancedRouting(const config::CellConfig& cell)
      : seed_(cell.seed), num_experts_(cell.model.num_experts), top_k_(cell.model.top_k) {}

  void choose(const RowRange& rows, std::int64_t layer,
              std::span<std::int32_t> ids) const override {
    const auto order = expert_order(seed_, layer, num_experts_);
    const std::int64_t choices = rows.length * top_k_;
    auto out = ids.begin();
    for (std::int64_t row = rows.first; row < rows.first + rows.count; ++row) {
      const std::int64_t start = row % num_experts_ * (choices % num_experts_);
      for (std::int64_t i = 0; i < choices; ++i) {
        *out++ = order[static_cast<std::size_t>((start + i) % num_experts_)];
      }
    }
  }

 private:
  std::uint64_t seed_;
  std::int64_t num_experts_;
  std::int64_t top_k_;
};

class SkewedRouting : public ForcedRouting {
 public:
  explicit SkewedRouting(const config::CellConfig& cell)
      : seed_(cell.seed), num_experts_(cell.model.num_experts), top_k_(cell.model.top_k) {
    // Whole numbers, so that a last bit of pow() decides nothing.
    constexpr double kScale = 1 << 30;
    for (std::int64_t place = 0; place < num_experts_; ++place) {
      const double weight = std::pow(static_cast<double>(place + 1), -cell.routing.skew);
      weights_.push_back(std::max<std::int64_t>(1, std::llround(weight * kScale)));
    }
  }

  void choose(const RowRange& rows, std::int64_t layer,
              std::span<std::int32_t> ids) const override {
    const auto order = expert_order(seed_, layer, num_experts_);
    const std::uint64_t layer_key = stream_key(seed_, Stream::kRouting, layer);
    auto out = ids.begin();
    for (std::int64_t row = rows.first; row < rows.first + rows.count; ++row) {
      std::uint64_t key = mix64(layer_key ^ mix64(static_cast<std::uint64_t>(row)));
      for (std::int64_t t = 0; t < rows.length; ++t, key += static_cast<std::uint64_t>(top_k_)) {
        draw(key, order, out);
        out += top_k_;
      }
    }
  }

 private:
  void draw(std::uint64_t key, const std::vector<std::int32_t>& order,
            std::span<std::int32_t>::iterator out) const {
    std::vector<std::int64_t> weights = weights_;
    std::int64_t total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
    for (std::int64_t j = 0; j < top_k_; ++j) {
      std::int64_t rest = below(mix64(key + static_cast<std::uint64_t>(j)), total);
      std::size_t place = 0;
      while (rest >= weights[place]) rest -= weights[place++];
      *(out + j) = order[place];
      total -= std::exchange(weights[place], 0);
    }
  }

  std::uint64_t seed_;
  std::int64_t num_experts_;
  std::int64_t top_k_;
  std::vector<std::int64_t> weights_;  // by place in the layer's order
};

class TraceRouting : public ForcedRouting {
 public:
  explicit TraceRouting(const config::CellConfig& cell)
      : seq_len_(cell.seq_len),
        num_layers_(cell.model.num_sparse_layers()),
        top_k_(cell.model.top_k) {
    ids_ = weights::read_expert_ids(cell.routing.trace_file, cell.model);
    num_tokens_ = std::ssize(ids_) / (num_layers_ * top_k_);
  }

  void choose(const RowRange& rows, std::int64_t layer,
              std::span<std::int32_t> ids) const override {
    auto out = ids.begin();
    for (std::int64_t row = rows.first; row < rows.first + rows.count; ++row) {
      for (std::int64_t t = 0; t < rows.length; ++t) {
        const std::int64_t token = (row * seq_len_ + t) % num_tokens_;
        const auto* from = ids_.data() + (token * num_layers_ + layer) * top_k_;
        out = std::transform(from, from + top_k_, out,
                             [](std::int64_t id) { return static_cast<std::int32_t>(id); });
      }
    }
  }

 private:
  std::int64_t seq_len_;
  std::int64_t num_layers_;
  std::int64_t top_k_;
  std::int64_t num_tokens_ = 0;
  std::vector<std::int64_t> ids_;  // [tokens, layers, top_k]
};

}  // namespace

std::unique_ptr<ForcedRouting> make_forced_routing(const config::CellConfig& cell) {
  switch (cell.routing.kind) {
    case config::RoutingKind::kLearned:
      return nullptr;
    case config::RoutingKind::kBalanced:
      return std::make_unique<BalancedRouting>(cell);
    case config::RoutingKind::kSkewed:
      return std::make_unique<SkewedRouting>(cell);
    case config::RoutingKind::kTrace:
      return std::make_unique<TraceRouting>(cell);
  }
  MOEBENCH_CHECK(!"a routing outside its enumeration");
}

void count_choices(const ForcedRouting& routing, const config::ModelConfig& model,
                   const RowRange& rows, std::span<std::int64_t> counts) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(rows.count * rows.length * model.top_k));
  for (std::int64_t layer = 0; layer < model.num_sparse_layers(); ++layer) {
    routing.choose(rows, layer, ids);
    for (const std::int32_t id : ids) {
      ++counts[static_cast<std::size_t>(layer * model.num_experts + id)];
    }
  }
}

}  // namespace moebench::model
