#include "harness/probe/network.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "harness/base/check.h"
#include "harness/base/units.h"
#include "harness/measure/clock.h"
#include "harness/record/put_metric.h"
#include "harness/stats/quantile.h"

namespace moebench::probe {
namespace {

// A message takes long enough that neither its start nor what a shaped link lets through at once
// counts, and is no larger than the matrices of the GEMM rate.
constexpr double kLongEnoughNs = 20e6;
constexpr std::int64_t kFirstBytes = 64 << 10;
constexpr std::int64_t kMostBytes = 8 * kMebibyte;
constexpr int kTries = 2;
constexpr double kBudgetNs = 100e6;  // of one size, for a third

constexpr std::int64_t kLatencyBytes = 8;
constexpr int kLatencyWarmUps = 5;
constexpr double kLatencyBudgetNs = 20e6;

// One rank of each host.
class Ring {
 public:
  Ring(comm::Communicator& group, std::int64_t most_bytes)
      : group_(group),
        send_(static_cast<std::size_t>(most_bytes)),
        receive_(static_cast<std::size_t>(most_bytes)) {}

  // Nanoseconds until this rank has sent `bytes` to the next and received as many.
  double exchange(std::int64_t bytes) {
    const auto size = static_cast<std::size_t>(group_.size());
    const auto rank = static_cast<std::size_t>(group_.rank());
    std::vector<std::int64_t> sent(size), received(size);
    sent[(rank + 1) % size] = bytes;
    received[(rank + size - 1) % size] = bytes;
    const measure::Stopwatch watch;
    group_.all_to_all(send_.data(), sent, receive_.data(), received);
    return static_cast<double>(watch.elapsed_ns());
  }

  // The same number on all ranks, by which all of them go on or end.
  double agreed(double ns) {
    std::vector<double> sum = {ns};
    group_.all_reduce_sum(sum);
    return sum[0] / group_.size();
  }

 private:
  comm::Communicator& group_;
  std::vector<std::byte> send_, receive_;
};

// The fastest of the tries says how long a message takes; one alone may have waited for a core.
double bytes_per_second(Ring& ring) {
  for (std::int64_t bytes = kFirstBytes;; bytes *= 2) {
    std::vector<double> times;
    double fastest = std::numeric_limits<double>::infinity();
    double spent = 0;
    const auto measure = [&] {
      times.push_back(ring.exchange(bytes));
      const double ns = ring.agreed(times.back());
      fastest = std::min(fastest, ns);
      spent += ns;
    };
    for (int i = 0; i < kTries; ++i) measure();
    if (fastest < kLongEnoughNs && bytes < kMostBytes) continue;
    if (spent < kBudgetNs) measure();
    return static_cast<double>(bytes) * kNsPerSecond / stats::median(times).value();
  }
}

double latency_ns(Ring& ring) {
  double ns = 0;
  for (int i = 0; i < kLatencyWarmUps; ++i) ns = ring.exchange(kLatencyBytes);
  const double calls = std::clamp(kLatencyBudgetNs / ring.agreed(ns), 5.0, 200.0);
  std::vector<double> times;
  for (int i = 0; i < static_cast<int>(calls); ++i) times.push_back(ring.exchange(kLatencyBytes));
  return stats::median(times).value();
}

}  // namespace

void measure_network(comm::Communicator& world, std::int64_t ranks_per_node,
                     record::Metrics& metrics) {
  MOEBENCH_CHECK(world.size() % ranks_per_node == 0);
  const std::int64_t nodes = world.size() / ranks_per_node;
  const bool is_first = world.rank() % ranks_per_node == 0;
  const auto host = static_cast<std::size_t>(world.rank() / ranks_per_node);
  std::vector<double> figures(2 * static_cast<std::size_t>(nodes));  // of each host, by the first
  const auto group = world.split(is_first ? 1 : 0);
  if (is_first) {
    Ring ring(*group, kMostBytes);
    figures[2 * host] = latency_ns(ring);
    figures[2 * host + 1] = bytes_per_second(ring);
  }
  world.all_reduce_sum(figures);
  put(metrics, "network_latency", figures[2 * host]);
  put(metrics, "network_bandwidth", figures[2 * host + 1]);
}

}  // namespace moebench::probe
