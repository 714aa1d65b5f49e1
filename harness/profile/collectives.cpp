#include "harness/profile/collectives.h"

#include <ATen/record_function.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <tuple>

#include "harness/base/check.h"
#include "harness/comm/pieces.h"
#include "harness/measure/clock.h"

namespace moebench::profile {
namespace {

std::string label(Collective kind) { return std::string("moebench::") + to_string(kind); }

}  // namespace

std::int64_t CollectiveEvent::wait_ns() const {
  return std::clamp(last_start_ns - block_ns, std::int64_t{0}, blocked_ns());
}

double bus_factor(Collective kind, int group_size) {
  if (kind == Collective::kBarrier) return 0;
  const double factor = static_cast<double>(group_size - 1) / group_size;
  return kind == Collective::kAllReduce ? 2 * factor : factor;
}

class CollectiveLog::RecordedPending : public comm::Pending {
 public:
  RecordedPending(Collective kind, std::unique_ptr<comm::Pending> pending, CollectiveLog& log,
                  std::size_t event)
      : kind_(kind), pending_(std::move(pending)), log_(log), event_(event) {}

  void wait() override {
    RECORD_FUNCTION(label(kind_), std::vector<c10::IValue>());
    const std::int64_t block = measure::now_ns();
    pending_->wait();
    if (event_ >= log_.events_.size()) return;
    CollectiveEvent& event = log_.events_[event_];
    event.phase = measure::current_phase();
    event.block_ns = block;
    event.end_ns = measure::now_ns();
  }

 private:
  Collective kind_;
  std::unique_ptr<comm::Pending> pending_;
  CollectiveLog& log_;
  std::size_t event_;
};

// Passes every call on, and notes it where the log is recording.
class CollectiveLog::Recorded : public comm::Communicator {
 public:
  Recorded(std::unique_ptr<comm::Communicator> owned, comm::Communicator& inner, CollectiveLog& log,
           int world_rank, comm::Communicator* host = nullptr)
      : owned_(std::move(owned)),
        inner_(inner),
        log_(log),
        world_rank_(world_rank),
        host_(host),
        group_(log.add_group(inner, world_rank)) {}

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }

  comm::Communicator& host() override { return host_ != nullptr ? *host_ : *this; }
  std::unique_ptr<comm::Communicator> on_device(const comm::DeviceOptions& options) override {
    auto made = inner_.on_device(options);
    comm::Communicator& inner = *made;
    return std::make_unique<Recorded>(std::move(made), inner, log_, world_rank_, this);
  }

  std::unique_ptr<comm::Pending> start_all_gather(const void* send, void* receive,
                                                  std::int64_t bytes) override {
    return start(gather_of(bytes), [&] { return inner_.start_all_gather(send, receive, bytes); });
  }

  std::unique_ptr<comm::Pending> start_reduce_scatter(const void* send, void* receive,
                                                      std::int64_t count, comm::ElementType type,
                                                      bool accumulate) override {
    return start(reduction_of(count, type), [&] {
      return inner_.start_reduce_scatter(send, receive, count, type, accumulate);
    });
  }

  std::unique_ptr<comm::Pending> start_all_reduce(const void* send, void* receive,
                                                  std::int64_t count, comm::ElementType type,
                                                  bool accumulate) override {
    const std::int64_t bytes = count * comm::element_bytes(type);
    // Each part goes to the rank that sums it, and its sum to all.
    return start({Collective::kAllReduce, bytes, 2 * (bytes - bytes / size())},
                 [&] { return inner_.start_all_reduce(send, receive, count, type, accumulate); });
  }

  void reduce_scatter(const void* send, void* receive, std::int64_t count, comm::ElementType type,
                      bool accumulate) override {
    record(reduction_of(count, type),
           [&] { inner_.reduce_scatter(send, receive, count, type, accumulate); });
  }

  std::unique_ptr<comm::Pending> start_all_to_all(
      const void* send, std::span<const std::int64_t> send_bytes, void* receive,
      std::span<const std::int64_t> receive_bytes) override {
    return start(exchange_of(send_bytes),
                 [&] { return inner_.start_all_to_all(send, send_bytes, receive, receive_bytes); });
  }

  void all_to_all(const void* send, std::span<const std::int64_t> send_bytes, void* receive,
                  std::span<const std::int64_t> receive_bytes) override {
    record(exchange_of(send_bytes),
           [&] { inner_.all_to_all(send, send_bytes, receive, receive_bytes); });
  }

  void all_reduce_sum(std::span<double> values) override {
    const auto bytes = static_cast<std::int64_t>(values.size_bytes());
    // Every rank's values are gathered and summed by each.
    record({Collective::kAllReduce, bytes, bytes * (size() - 1)},
           [&] { inner_.all_reduce_sum(values); });
  }

  void barrier() override {
    record({Collective::kBarrier, 0, 0}, [&] { inner_.barrier(); });
  }

  std::unique_ptr<comm::Communicator> split(int color) override {
    auto made = inner_.split(color);
    comm::Communicator& inner = *made;
    return std::make_unique<Recorded>(std::move(made), inner, log_, world_rank_);
  }

 private:
  struct Call {
    Collective kind;
    std::int64_t bytes, wire_bytes;
  };
  Call gather_of(std::int64_t bytes) const {
    return {Collective::kAllGather, bytes * size(), bytes * (size() - 1)};
  }
  Call reduction_of(std::int64_t count, comm::ElementType type) const {
    const std::int64_t bytes = count * comm::element_bytes(type);
    return {Collective::kReduceScatter, bytes * size(), bytes * (size() - 1)};
  }
  Call exchange_of(std::span<const std::int64_t> send_bytes) const {
    const std::int64_t bytes = comm::total(send_bytes);
    return {Collective::kAllToAll, bytes, bytes - send_bytes[static_cast<std::size_t>(rank())]};
  }

  // The event's place in the log; beyond its end where nothing is recorded.
  std::size_t begin(const Call& call) {
    if (!log_.recording_ || size() == 1) return std::numeric_limits<std::size_t>::max();
    CollectiveEvent event;
    event.kind = call.kind;
    event.phase = measure::current_phase();
    event.group = group_;
    event.sequence = log_.groups_[static_cast<std::size_t>(group_)].next_sequence++;
    event.bytes = call.bytes;
    event.wire_bytes = call.wire_bytes;
    event.start_ns = event.launched_ns = event.block_ns = event.end_ns = measure::now_ns();
    log_.events_.push_back(event);
    return log_.events_.size() - 1;
  }

  template <typename Start>
  std::unique_ptr<comm::Pending> start(const Call& call, const Start& inner_start) {
    const std::size_t event = begin(call);
    auto pending = inner_start();
    if (event < log_.events_.size()) log_.events_[event].launched_ns = measure::now_ns();
    return std::make_unique<RecordedPending>(call.kind, std::move(pending), log_, event);
  }

  template <typename Run>
  void record(const Call& call, const Run& run) {
    RECORD_FUNCTION(label(call.kind), std::vector<c10::IValue>());
    const std::size_t event = begin(call);
    run();
    if (event < log_.events_.size()) log_.events_[event].end_ns = measure::now_ns();
  }

  std::unique_ptr<comm::Communicator> owned_;  // null: someone else's
  comm::Communicator& inner_;
  CollectiveLog& log_;
  int world_rank_;
  comm::Communicator* host_;  // null: this group is on the host itself
  int group_;
};

CollectiveLog::CollectiveLog(comm::Communicator& world)
    : world_(std::make_unique<Recorded>(nullptr, world, *this, world.rank())) {}

CollectiveLog::~CollectiveLog() = default;

comm::Communicator& CollectiveLog::world() { return *world_; }

void CollectiveLog::start() { recording_ = true; }
void CollectiveLog::stop() { recording_ = false; }
void CollectiveLog::clear() { events_.clear(); }

int CollectiveLog::add_group(comm::Communicator& communicator, int world_rank) {
  Group group{&communicator, std::vector<int>(static_cast<std::size_t>(communicator.size())), 0};
  communicator.host().all_gather(&world_rank, group.ranks.data(), sizeof world_rank);
  groups_.push_back(std::move(group));
  return static_cast<int>(groups_.size()) - 1;
}

const std::vector<int>& CollectiveLog::ranks_of_group(int group) const {
  return groups_[static_cast<std::size_t>(group)].ranks;
}

// A group's events, in order, are the same on all its ranks.
void CollectiveLog::learn_peers(int group) {
  struct Times {
    std::int64_t start, end;
  };
  std::vector<CollectiveEvent*> events;
  std::vector<Times> mine;
  for (CollectiveEvent& event : events_) {
    if (event.group != group) continue;
    events.push_back(&event);
    mine.push_back({event.start_ns, event.blocked_ns() > 0 ? event.end_ns : INT64_MIN});
  }
  const Group& members = groups_[static_cast<std::size_t>(group)];
  if (members.ranks.size() == 1) return;
  std::vector<Times> all(mine.size() * members.ranks.size());
  members.communicator->host().all_gather(mine.data(), all.data(),
                                          static_cast<std::int64_t>(mine.size() * sizeof mine[0]));
  for (std::size_t i = 0; i < events.size(); ++i) {
    std::vector<std::pair<std::int64_t, int>> starts, other_ends;
    for (std::size_t r = 0; r < members.ranks.size(); ++r) {
      const Times& times = all[r * mine.size() + i];
      starts.emplace_back(times.start, members.ranks[r]);
      if (static_cast<int>(r) != members.communicator->rank())
        other_ends.emplace_back(times.end, 0);
    }
    std::tie(events[i]->last_start_ns, events[i]->last_rank) = *std::ranges::max_element(starts);
    events[i]->last_other_end_ns = std::ranges::max_element(other_ends)->first;
  }
}

void CollectiveLog::finish(std::int64_t clock_offset_ns) {
  stop();
  for (CollectiveEvent& event : events_) {
    event.start_ns += clock_offset_ns;
    event.launched_ns += clock_offset_ns;
    event.block_ns += clock_offset_ns;
    event.end_ns += clock_offset_ns;
  }
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    learn_peers(static_cast<int>(group));
  }
}

std::int64_t CollectiveLog::kept_waiting_ns() const {
  comm::Communicator& world = *groups_[0].communicator;
  std::vector<double> waited_for(static_cast<std::size_t>(world.size()));
  for (const CollectiveEvent& event : events_) {
    waited_for[static_cast<std::size_t>(event.last_rank)] += static_cast<double>(event.wait_ns());
  }
  world.all_reduce_sum(waited_for);
  return static_cast<std::int64_t>(waited_for[static_cast<std::size_t>(world.rank())]);
}

ClockOffset clock_offset_within(const std::vector<std::pair<std::int64_t, std::int64_t>>& bounds) {
  MOEBENCH_CHECK(!bounds.empty());
  auto [low, high] = bounds[0];
  for (const auto& [l, h] : bounds) {
    low = std::max(low, l);
    high = std::min(high, h);
  }
  // Bounds that exclude each other come from clocks that drift; the middle is the best guess.
  const std::int64_t uncertainty = std::abs(high - low) / 2;
  if (low <= 0 && high >= 0) return {0, uncertainty};
  return {low + (high - low) / 2, uncertainty};
}

ClockOffset measure_clock_offset(comm::Communicator& world) {
  constexpr int kExchanges = 64;
  struct Times {
    std::int64_t before, after;
  };
  std::vector<Times> mine(kExchanges);
  for (Times& times : mine) {
    char byte = 0;
    std::vector<char> all(static_cast<std::size_t>(world.size()));
    times.before = measure::now_ns();
    world.all_gather(&byte, all.data(), 1);
    times.after = measure::now_ns();
  }
  std::vector<Times> all(mine.size() * static_cast<std::size_t>(world.size()));
  world.all_gather(mine.data(), all.data(),
                   static_cast<std::int64_t>(mine.size() * sizeof mine[0]));
  std::vector<std::pair<std::int64_t, std::int64_t>> bounds;
  // Neither had all bytes before the other had started: here + offset lies between.
  for (std::size_t i = 0; i < mine.size(); ++i) {
    bounds.emplace_back(all[i].before - mine[i].after, all[i].after - mine[i].before);
  }
  return clock_offset_within(bounds);
}

}  // namespace moebench::profile
