#include "harness/probe/message_times.h"

#include <algorithm>
#include <functional>

#include "harness/measure/clock.h"

namespace moebench::probe {
namespace {

constexpr int kWarmUps = 2;
constexpr double kMostCalls = 1000;

double mean_ns(int calls, const std::function<void()>& call) {
  const measure::Stopwatch watch;
  for (int i = 0; i < calls; ++i) call();
  return static_cast<double>(watch.elapsed_ns()) / calls;
}

// All ranks repeat equally often, as the slowest of them estimates.
double timed(comm::Communicator& group, double budget_ns, const std::function<void()>& call) {
  for (int i = 0; i < kWarmUps; ++i) call();
  std::vector<double> estimate_ns = {mean_ns(1, call)};
  group.all_reduce_sum(estimate_ns);
  const double calls = std::clamp(budget_ns * group.size() / estimate_ns[0], 3.0, kMostCalls);
  group.barrier();
  return mean_ns(static_cast<int>(calls), call);
}

}  // namespace

MessageTimes measure_messages(comm::Communicator& group, const MessageOptions& options) {
  const std::int64_t ranks = group.size();
  const std::size_t largest = static_cast<std::size_t>(options.largest_bytes);
  std::vector<std::byte> send(largest), receive(largest);
  MessageTimes times;
  for (std::int64_t size = options.smallest_bytes; size <= options.largest_bytes;
       size *= options.factor) {
    const std::int64_t piece = size / ranks / 4 * 4;  // whole fp32 elements
    const std::vector<std::int64_t> pieces(static_cast<std::size_t>(ranks), piece);
    times.bytes.push_back(static_cast<double>(piece * ranks));
    times.all_gather_ns.push_back(timed(
        group, options.budget_ns, [&] { group.all_gather(send.data(), receive.data(), piece); }));
    times.reduce_scatter_ns.push_back(timed(group, options.budget_ns, [&] {
      group.reduce_scatter(send.data(), receive.data(), piece / 4, comm::ElementType::kFp32,
                           /*accumulate=*/false);
    }));
    times.all_to_all_ns.push_back(timed(group, options.budget_ns, [&] {
      group.all_to_all(send.data(), pieces, receive.data(), pieces);
    }));
  }
  return times;
}

}  // namespace moebench::probe
