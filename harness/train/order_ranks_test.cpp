// The order in which a step gathers, computes, frees and reduces its units, for every combination
// of the axes that change it: what the engine says it does, and what its communicators are asked
// for.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/parallel/unit_events.h"
#include "harness/testing/pairwise.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/forwarding_communicator_testing.h"
#include "harness/train/parity_testing.h"
#include "harness/train/shardings_testing.h"

namespace moebench::train {
namespace {

using parallel::UnitEvent;

// Describes one thing that happened: an event of a unit, or a call of a communicator.
struct Entry {
  enum class Call {
    kNone,
    kStartGather,
    kWaitGather,
    kStartReduce,
    kWaitReduce,
    kStartReplicaSum,
    kWaitReplicaSum
  };
  UnitEvent event = UnitEvent::kFree;
  std::string unit;
  Call call = Call::kNone;
};

class Journal : public parallel::UnitObserver {
 public:
  void on_event(UnitEvent event, const std::string& unit) override {
    entries.push_back({event, unit});
  }
  void note(Entry::Call call) { entries.push_back({UnitEvent::kFree, "", call}); }

  std::vector<Entry> entries;
};

// Passes every call on and writes down those that move parameters and gradients.
class Recording : public ForwardingCommunicator {
 public:
  Recording(comm::Communicator& group, Journal& journal)
      : ForwardingCommunicator(group), journal_(journal) {}
  Recording(std::unique_ptr<comm::Communicator> group, Journal& journal)
      : ForwardingCommunicator(*group), owned_(std::move(group)), journal_(journal) {}

  std::unique_ptr<comm::Pending> start_all_gather(const void* send, void* receive,
                                                  std::int64_t bytes) override {
    journal_.note(Entry::Call::kStartGather);
    return std::make_unique<Waiting>(ForwardingCommunicator::start_all_gather(send, receive, bytes),
                                     journal_, Entry::Call::kWaitGather);
  }
  std::unique_ptr<comm::Pending> start_reduce_scatter(const void* send, void* receive,
                                                      std::int64_t count, comm::ElementType type,
                                                      bool accumulate) override {
    journal_.note(Entry::Call::kStartReduce);
    return std::make_unique<Waiting>(
        ForwardingCommunicator::start_reduce_scatter(send, receive, count, type, accumulate),
        journal_, Entry::Call::kWaitReduce);
  }
  std::unique_ptr<comm::Pending> start_all_reduce(const void* send, void* receive,
                                                  std::int64_t count, comm::ElementType type,
                                                  bool accumulate) override {
    journal_.note(Entry::Call::kStartReplicaSum);
    return std::make_unique<Waiting>(
        ForwardingCommunicator::start_all_reduce(send, receive, count, type, accumulate), journal_,
        Entry::Call::kWaitReplicaSum);
  }
  std::unique_ptr<Communicator> split(int color) override {
    return std::make_unique<Recording>(ForwardingCommunicator::split(color), journal_);
  }

 private:
  class Waiting : public comm::Pending {
   public:
    Waiting(std::unique_ptr<comm::Pending> pending, Journal& journal, Entry::Call call)
        : pending_(std::move(pending)), journal_(journal), call_(call) {}
    void wait() override {
      journal_.note(call_);
      pending_->wait();
    }

   private:
    std::unique_ptr<comm::Pending> pending_;
    Journal& journal_;
    Entry::Call call_;
  };

  std::unique_ptr<comm::Communicator> owned_;
  Journal& journal_;
};

constexpr std::int64_t kLayers = 4;

// Records one step.
std::vector<Entry> journal_of(const CellConfig& cell) {
  Journal journal;
  Recording group(*world, journal);
  Engine engine(cell, group);
  engine.load(*weights::seeded_source(cell.seed, cell.model.initializer_range));
  const auto data = data::open_data_set(cell);
  const auto batches = micro_batches_of(cell, *data, 0, group);
  const parallel::ObserveUnits observe(journal);
  journal.entries.clear();
  engine.step(batches);
  return journal.entries;
}

CellConfig deep_cell(const Sharding& sharding) {
  CellConfig cell = tiny_cell();
  cell.model.num_layers = kLayers;
  cell.ranks = world->size();
  sharding.apply(cell);
  cell.expert_kernel = config::ExpertKernel::kGrouped;
  return cell;
}

// Replays a step's journal by the rules of the schedule.
class Rules {
 public:
  explicit Rules(const CellConfig& cell) : cell_(cell) {}

  void check(const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      EXPECT_EQ(entry.call, announced_.empty() ? Call::kNone : announced_.front()) << entry.unit;
      if (!announced_.empty()) announced_.erase(announced_.begin());
      if (entry.call == Call::kNone) follow(entry);
    }
    EXPECT_TRUE(gathered_.empty()) << "freed by the step's end";
    EXPECT_TRUE(reducing_.empty()) << "reduced by the step's end";
    EXPECT_TRUE(summing_.empty()) << "summed by the step's end";
    EXPECT_TRUE(announced_.empty());
    const std::int64_t micro_steps = cell_.grad_accumulation;
    for (const auto& [unit, count] : gathers_) {
      EXPECT_EQ(count, unit == "root" ? 1 : cell_.gathers * micro_steps) << unit;
    }
    for (const auto& [unit, count] : reductions_) {
      EXPECT_EQ(count, cell_.sync_each_batch ? micro_steps : 1) << unit;
    }
    EXPECT_EQ(reductions_.size(), gathers_.size());
    EXPECT_EQ(backwards_, kLayers * micro_steps);
  }

 private:
  using Call = Entry::Call;

  // "layers.2" and "layers.2.experts" are of layer 2, the root of none.
  static std::int64_t layer_of(const std::string& unit) {
    const auto digit = unit.find_first_of("0123456789");
    return digit == std::string::npos ? -1 : std::stoll(unit.substr(digit));
  }

  void follow(const Entry& entry) {
    SCOPED_TRACE(fmt::format("event {} of {}", static_cast<int>(entry.event), entry.unit));
    const std::string& unit = entry.unit;
    switch (entry.event) {
      case UnitEvent::kStartGather:
        announce(unit, Call::kStartGather);
        EXPECT_TRUE(gathered_.insert({unit, false}).second) << "once between two frees";
        ++gathers_[unit];
        break;
      case UnitEvent::kWaitGather:
        announce(unit, Call::kWaitGather);
        gathered_.at(unit) = true;
        break;
      case UnitEvent::kFree:
        EXPECT_TRUE(gathered_.at(unit)) << "waited for before it is freed";
        gathered_.erase(unit);
        break;
      case UnitEvent::kForward:
        compute(layer_of(unit), +1, /*looks_ahead=*/true);
        break;
      case UnitEvent::kRecompute:
        // With three gatherings the layers ahead start behind the second of the backward pass.
        compute(layer_of(unit), -1, cell_.gathers == 2);
        break;
      case UnitEvent::kBackward:
        compute(layer_of(unit), -1, /*looks_ahead=*/true);
        ++backwards_;
        EXPECT_LE(reducing_.size(), cell_.prefetch == 0 ? 0U : units_a_layer());
        EXPECT_LE(summing_.size(), cell_.prefetch == 0 ? 0U : units_a_layer());
        break;
      case UnitEvent::kStartReduce:
        EXPECT_FALSE(gathered_.contains(unit) && unit != "root") << "freed before it is reduced";
        announce(unit, Call::kStartReduce);
        if (is_sharded(unit)) reducing_.insert(unit);
        ++reductions_[unit];
        break;
      case UnitEvent::kSumReplicas:
        EXPECT_TRUE(is_hsdp());
        announced_ = {Call::kWaitReduce, Call::kStartReplicaSum};
        EXPECT_EQ(reducing_.erase(unit), 1U);
        EXPECT_TRUE(summing_.insert(unit).second);
        break;
      case UnitEvent::kFinishReduce:
        announce(unit, is_hsdp() ? Call::kWaitReplicaSum : Call::kWaitReduce);
        EXPECT_EQ((is_hsdp() ? summing_ : reducing_).erase(unit), 1U);
        break;
    }
  }

  // The layer itself is there, those that come next are on their way, and no other is gathered.
  void compute(std::int64_t layer, std::int64_t direction, bool looks_ahead) {
    std::set<std::int64_t> expected = {-1};
    for (std::int64_t ahead = 0; ahead <= (looks_ahead ? cell_.prefetch : 0); ++ahead) {
      const std::int64_t next = layer + direction * ahead;
      if (next >= 0 && next < kLayers) expected.insert(next);
    }
    std::set<std::int64_t> found;
    for (const auto& [unit, waited] : gathered_) {
      found.insert(layer_of(unit));
      EXPECT_TRUE(waited || layer_of(unit) != layer) << unit;
    }
    EXPECT_TRUE(found.contains(layer));
    EXPECT_TRUE(found == expected || !looks_ahead) << "layers gathered: " << found.size();
  }

  // A unit that lies on several ranks asks its communicator next.
  void announce(const std::string& unit, Call call) {
    if (is_sharded(unit)) announced_ = {call};
  }

  bool is_hsdp() const { return cell_.parallelism == config::Parallelism::kHsdp; }
  std::size_t units_a_layer() const { return cell_.ep_degree == 1 ? 1 : 2; }
  bool is_sharded(const std::string& unit) const {
    const bool experts = cell_.ep_degree > 1 && unit.ends_with("experts");
    return experts ? cell_.ranks > cell_.ep_degree : cell_.ranks > 1;
  }

  const CellConfig& cell_;
  std::map<std::string, bool> gathered_;  // and waited for
  std::set<std::string> reducing_;        // over their shard group
  std::set<std::string> summing_;         // then over their replicas
  std::map<std::string, std::int64_t> gathers_, reductions_;
  std::vector<Call> announced_;
  std::int64_t backwards_ = 0;
};

// Shardings, and the axes that change the schedule: rows of indices.
std::vector<std::size_t> schedule_sizes() {
  return {shardings(world->size()).size(), /*prefetch=*/3, /*recomputation=*/3, /*sync=*/2,
          /*accumulation=*/2};
}

void check_schedule(const std::vector<std::size_t>& row, const config::ModelConfig& model) {
  CellConfig cell = deep_cell(shardings(world->size())[row[0]]);
  cell.model = model;
  cell.model.num_layers = kLayers;
  cell.prefetch = static_cast<std::int64_t>(row[1]);
  cell.activation_checkpointing = row[2] > 0;
  cell.gathers = row[2] == 2 ? 3 : 2;
  cell.sync_each_batch = row[3] == 1;
  cell.grad_accumulation = row[4] == 0 ? 1 : 3;
  SCOPED_TRACE(cell.canonical_text());
  Rules(cell).check(journal_of(cell));
}

// Every combination where ranks have a core each, every pair where they share them.
TEST(Order, FollowsTheRulesForEveryCombination) {
  const bool pairs = kSanitized || world->size() > 2;
  for (const auto& row : pairs ? pairwise(schedule_sizes()) : full_product(schedule_sizes())) {
    check_schedule(row, tiny_model());
  }
}

// Where a layer has one unit under ep, and the next one two.
TEST(Order, FollowsTheRulesAroundDenseLayers) {
  config::ModelConfig model = tiny_mixed_model();
  model.dense_layers = {0, 2};
  for (const auto& row : pairwise(schedule_sizes())) check_schedule(row, model);
}

std::string name_of(const Entry& entry) {
  constexpr const char* kNames[] = {"start", "wait",     "forward", "recompute", "back",
                                    "free",  "reducing", "summing", "reduced"};
  return fmt::format("{} {}", kNames[static_cast<std::size_t>(entry.event)],
                     entry.unit == "root" ? "root" : entry.unit.substr(entry.unit.size() - 1));
}

// Returns the order of one micro-batch.
std::string order_of(std::int64_t prefetch, std::int64_t layers = 2,
                     const Sharding& sharding = {}) {
  CellConfig cell = deep_cell(sharding);
  cell.model.num_layers = layers;
  cell.prefetch = prefetch;
  std::string order;
  for (const Entry& entry : journal_of(cell)) {
    if (entry.call == Entry::Call::kNone) order += name_of(entry) + ", ";
  }
  return order;
}

TEST(Order, IsThisOne) {
  if (world->size() == 1) GTEST_SKIP() << "one rank reduces nothing";
  EXPECT_EQ(order_of(0),
            "start root, wait root, "
            "start 0, wait 0, forward 0, free 0, start 1, wait 1, forward 1, free 1, "
            "start 1, wait 1, back 1, free 1, reducing 1, reduced 1, "
            "start 0, wait 0, back 0, free 0, reducing 0, reduced 0, "
            "reducing root, reduced root, free root, ");
  EXPECT_EQ(order_of(1),
            "start root, wait root, "
            "start 0, wait 0, start 1, forward 0, free 0, wait 1, forward 1, free 1, "
            "start 1, wait 1, start 0, back 1, free 1, reducing 1, "
            "wait 0, back 0, free 0, reduced 1, reducing 0, reduced 0, "
            "reducing root, reduced root, free root, ");
}

// The sum over the replicas lies behind the backward pass of one more layer.
TEST(Order, IsThisOneWithReplicas) {
  if (world->size() < 4) GTEST_SKIP() << "no two groups of several ranks";
  const Sharding hsdp{config::Parallelism::kHsdp, 2};
  EXPECT_EQ(order_of(0, 2, hsdp),
            "start root, wait root, "
            "start 0, wait 0, forward 0, free 0, start 1, wait 1, forward 1, free 1, "
            "start 1, wait 1, back 1, free 1, reducing 1, summing 1, reduced 1, "
            "start 0, wait 0, back 0, free 0, reducing 0, summing 0, reduced 0, "
            "reducing root, summing root, reduced root, free root, ");
  EXPECT_EQ(order_of(1, 3, hsdp),
            "start root, wait root, "
            "start 0, wait 0, start 1, forward 0, free 0, wait 1, start 2, forward 1, free 1, "
            "wait 2, forward 2, free 2, "
            "start 2, wait 2, start 1, back 2, free 2, reducing 2, "
            "wait 1, start 0, back 1, free 1, summing 2, reducing 1, "
            "wait 0, back 0, free 0, reduced 2, summing 1, reducing 0, "
            "reduced 1, summing 0, reduced 0, "
            "reducing root, summing root, reduced root, free root, ");
}

// Nothing overlaps, one layer ahead, two: what is learned is the same.
TEST(Order, LearnsTheSame) {
  for (const Sharding& sharding : shardings(world->size())) {
    for (const std::int64_t prefetch : {0, 1, 2}) {
      CellConfig cell = deep_cell(sharding);
      cell.prefetch = prefetch;
      expect_same(train(cell, *world), reference(cell), kFp32);
    }
  }
}

}  // namespace
}  // namespace moebench::train
