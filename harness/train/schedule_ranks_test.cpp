// The axes that change a step's schedule, what is alive beside it, or who applies the update: each
// must train as one process does with the plainest schedule and the fused optimizer.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/forwarding_communicator_testing.h"
#include "harness/train/parity_testing.h"
#include "harness/train/shardings_testing.h"

namespace moebench::train {
namespace {

using config::Optimizer;

using Change = std::function<void(CellConfig&)>;

// Several micro-batches, activation checkpointing, clipping and decay are active.
CellConfig base_cell(const Sharding& sharding, config::Dtype dtype) {
  CellConfig cell = tiny_cell();
  cell.dtype = dtype;
  cell.ranks = world->size();
  sharding.apply(cell);
  cell.expert_kernel = config::ExpertKernel::kGrouped;
  cell.activation_checkpointing = true;
  cell.grad_accumulation = 3;
  cell.weight_decay = 0.1;
  cell.steps = 4;
  return cell;
}

const std::vector<std::pair<const char*, Change>>& changes() {
  static const std::vector<std::pair<const char*, Change>> all = {
      {"gathers 3", [](CellConfig& c) { c.gathers = 3; }},
      {"sync_each_batch false", [](CellConfig& c) { c.sync_each_batch = false; }},
      {"one micro-batch without sync",
       [](CellConfig& c) { c.sync_each_batch = false, c.grad_accumulation = 1; }},
      {"keep_gradients false", [](CellConfig& c) { c.keep_gradients = false; }},
      {"optimizer foreach", [](CellConfig& c) { c.optimizer = Optimizer::kForeach; }},
      {"optimizer per_tensor", [](CellConfig& c) { c.optimizer = Optimizer::kPerTensor; }},
      {"no decay, no clipping",
       [](CellConfig& c) {
         c.optimizer = Optimizer::kForeach;
         c.weight_decay = c.max_grad_norm = 0;
       }},
      {"all",
       [](CellConfig& c) {
         c.gathers = 3;
         c.sync_each_batch = c.keep_gradients = false;
         c.optimizer = Optimizer::kForeach;
       }},
  };
  return all;
}

void expect_trains_alike(const Sharding& sharding, const std::pair<const char*, Change>& change,
                         config::Dtype dtype, const Bounds& bounds) {
  SCOPED_TRACE(std::string(change.first) + ", " + sharding.name());
  CellConfig cell = base_cell(sharding, dtype);
  change.second(cell);
  expect_same(train(cell, *world), reference(cell), bounds);
}

TEST(Schedule, TrainsAsThePlainestInFp32) {
  for (const Sharding& sharding : shardings(world->size())) {
    for (const auto& change : changes()) {
      expect_trains_alike(sharding, change, config::Dtype::kFp32, kFp32);
    }
  }
}

// The bounds of bf16 are wide: each change meets the shardings by turns.
TEST(Schedule, TrainsAsThePlainestInBf16) {
  const std::vector<Sharding> all = shardings(world->size());
  for (std::size_t i = 0; i < changes().size(); ++i) {
    expect_trains_alike(all[i % all.size()], changes()[i], config::Dtype::kBf16, kBf16);
  }
}

// Counts what the group that it stands for is asked for.
class Counting : public ForwardingCommunicator {
 public:
  using ForwardingCommunicator::ForwardingCommunicator;

  std::unique_ptr<comm::Pending> start_all_gather(const void* send, void* receive,
                                                  std::int64_t bytes) override {
    ++gathers;
    return ForwardingCommunicator::start_all_gather(send, receive, bytes);
  }
  std::unique_ptr<comm::Pending> start_reduce_scatter(const void* send, void* receive,
                                                      std::int64_t count, comm::ElementType type,
                                                      bool accumulate) override {
    ++reductions;
    return ForwardingCommunicator::start_reduce_scatter(send, receive, count, type, accumulate);
  }

  std::int64_t gathers = 0, reductions = 0;
};

// Gathers and reductions of a step; none where a unit lies on one rank alone.
std::pair<std::int64_t, std::int64_t> collectives(const Change& change) {
  CellConfig cell = base_cell({}, config::Dtype::kFp32);
  cell.steps = 1;
  change(cell);
  Counting group(*world);
  Engine engine(cell, group);
  engine.load(*weights::seeded_source(cell.seed, cell.model.initializer_range));
  const auto data = data::open_data_set(cell);
  engine.step(micro_batches_of(cell, *data, 0, group));
  return {group.gathers, group.reductions};
}

// 2 layers in 3 micro-batches; the root is gathered once.
TEST(Schedule, GathersAndReducesAsOftenAsItSays) {
  using Counts = std::pair<std::int64_t, std::int64_t>;
  const auto sharded = [](std::int64_t gathers, std::int64_t reductions) {
    return world->size() > 1 ? Counts{gathers, reductions} : Counts{0, 0};
  };
  EXPECT_EQ(collectives([](CellConfig&) {}), sharded(2 * 2 * 3 + 1, 3 * 3));
  EXPECT_EQ(collectives([](CellConfig& c) { c.gathers = 3; }), sharded(3 * 2 * 3 + 1, 3 * 3));
  EXPECT_EQ(collectives([](CellConfig& c) { c.sync_each_batch = false; }),
            sharded(2 * 2 * 3 + 1, 3));
}

TEST(Schedule, FreedGradientsCannotBeVisited) {
  CellConfig cell = base_cell({}, config::Dtype::kFp32);
  cell.keep_gradients = false;
  Engine engine(cell, *world);
  EXPECT_THROW(engine.visit_gradients([](const partition::Slot&, const at::Tensor&) {}), Error);
}

}  // namespace
}  // namespace moebench::train
