// A run that was saved and resumed must be the run that never stopped: bit for bit where ranks and
// parallelism are the same, within rounding where they are not. On real ranks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/checkpoint/difference.h"
#include "harness/checkpoint/folder.h"
#include "harness/comm/agreement.h"
#include "harness/comm/communicator.h"
#include "harness/testing/models.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/checkpoints.h"
#include "harness/train/engine.h"
#include "harness/train/shardings_testing.h"
#include "harness/train/source_testing.h"

namespace moebench::train {
namespace {

namespace fs = std::filesystem;
using config::CellConfig;
using config::Dtype;
using ::testing::HasSubstr;

constexpr std::int64_t kSteps = 6;
constexpr std::int64_t kStepsBefore = 3;
constexpr std::int64_t kMicroBatchesPerStep = 8;
constexpr double kBound = 1e-6;  // fp32, relative

config::ModelConfig tiny_granite_model() {
  config::ModelConfig model = tiny_model();
  model.type = config::ModelType::kGraniteMoe;
  model.tie_word_embeddings = true;
  return model;
}

struct Arrangement {
  std::int64_t ranks;
  Sharding sharding{};
  config::ModelConfig (*model)() = tiny_model;
};

CellConfig cell_of(const Arrangement& arrangement, Dtype dtype) {
  CellConfig cell;
  cell.model = arrangement.model();
  cell.expert_kernel = config::ExpertKernel::kGrouped;
  cell.ranks = arrangement.ranks;
  arrangement.sharding.apply(cell);
  cell.micro_batch = 2;
  cell.grad_accumulation = kMicroBatchesPerStep / arrangement.ranks;
  cell.seq_len = 24;
  cell.dtype = dtype;
  cell.seed = 7;
  cell.learning_rate = 1e-3;
  cell.weight_decay = 0.1;
  cell.max_grad_norm = 0.5;  // the norm is above it: clipping is active
  cell.data.mean_length = 14;
  return cell;
}

// A folder that all ranks of the world share, empty, for this test alone.
fs::path shared_folder() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto pids = comm::all_gather_text(*world, std::to_string(::getpid()));
  const auto folder = fs::path(::testing::TempDir()) /
                      ("moebench_resume_" + std::string(test->name()) + "_" + pids[0]);
  if (world->rank() == 0) fs::remove_all(folder);
  world->barrier();
  return folder;
}

std::vector<StepResult> train(Engine& engine, const CellConfig& cell, comm::Communicator& group,
                              std::int64_t begin, std::int64_t end) {
  const auto data = data::open_data_set(cell);
  std::vector<StepResult> results;
  for (std::int64_t step = begin; step < end; ++step) {
    std::vector<data::MicroBatch> batches;
    for (std::int64_t i = 0; i < cell.grad_accumulation; ++i) {
      batches.push_back(data->micro_batch(step, i * group.size() + group.rank()));
    }
    results.push_back(engine.step(batches));
  }
  return results;
}

// All steps in one run; saves after kStepsBefore where `save_before` is not empty, and at the end
// in `save_end`.
std::vector<StepResult> train_straight(const CellConfig& cell, comm::Communicator& group,
                                       const fs::path& save_before, const fs::path& save_end) {
  Engine engine(cell, group);
  engine.load(TestedValues(cell));
  auto results = train(engine, cell, group, 0, kStepsBefore);
  if (!save_before.empty()) {
    save_checkpoint(engine, cell, group, kStepsBefore, {.folder = save_before});
  }
  const auto rest = train(engine, cell, group, kStepsBefore, kSteps);
  save_checkpoint(engine, cell, group, kSteps, {.folder = save_end});
  results.insert(results.end(), rest.begin(), rest.end());
  return results;
}

std::vector<StepResult> train_resumed(CellConfig cell, comm::Communicator& group,
                                      const fs::path& from, const fs::path& save_end) {
  cell.resume_from = from;
  Engine engine(cell, group);
  const std::int64_t begin = load_checkpoint(engine, cell, group);
  EXPECT_EQ(begin, kStepsBefore);
  auto results = train(engine, cell, group, begin, kSteps);
  save_checkpoint(engine, cell, group, kSteps, {.folder = save_end});
  return results;
}

double relative(double a, double b) { return std::abs(a - b) / std::abs(b); }

// The first ranks of the world as a group; the others get one that they do not use.
std::unique_ptr<comm::Communicator> first_ranks(std::int64_t count) {
  return world->split(world->rank() < count ? 0 : 1);
}

// Trains straight on `before`, resumes on `after`, and compares the steps behind the checkpoint and
// the final state.
void check_resumption(const Arrangement& before, const Arrangement& after, Dtype dtype) {
  SCOPED_TRACE(fmt::format("{} ranks {} -> {} ranks {}, {}", before.ranks, before.sharding.name(),
                           after.ranks, after.sharding.name(), to_string(dtype)));
  const fs::path folder = shared_folder();
  std::vector<StepResult> straight, resumed;
  {
    const auto group = first_ranks(before.ranks);
    if (world->rank() < before.ranks) {
      const CellConfig cell = cell_of(before, dtype);
      straight = train_straight(cell, *group, folder / "half", folder / "straight");
    }
  }
  world->barrier();
  {
    const auto group = first_ranks(after.ranks);
    if (world->rank() < after.ranks) {
      resumed = train_resumed(cell_of(after, dtype), *group, folder / "half", folder / "resumed");
    }
  }
  world->barrier();
  if (world->rank() != 0) return;
  const bool is_same = before.ranks == after.ranks && before.sharding == after.sharding;
  const auto difference = checkpoint::difference(checkpoint::Reader(folder / "resumed"),
                                                 checkpoint::Reader(folder / "straight"));
  ASSERT_EQ(resumed.size(), static_cast<std::size_t>(kSteps - kStepsBefore));
  for (std::size_t i = 0; i < resumed.size(); ++i) {
    const StepResult& want = straight[i + kStepsBefore];
    if (is_same) {
      EXPECT_EQ(resumed[i].loss, want.loss) << i;
      EXPECT_EQ(resumed[i].grad_norm, want.grad_norm) << i;
    } else {
      EXPECT_LE(relative(resumed[i].loss, want.loss), kBound) << i;
      EXPECT_LE(relative(resumed[i].grad_norm, want.grad_norm), kBound) << i;
    }
  }
  if (is_same) {
    EXPECT_TRUE(difference.identical) << difference.worst_parameter;
  } else {
    EXPECT_LE(difference.parameters, kBound) << difference.worst_parameter;
    EXPECT_LE(difference.moments, kBound);
  }
  fs::remove_all(folder);
}

// Every arrangement that `ranks` ranks can have.
std::vector<Arrangement> arrangements(std::int64_t ranks) {
  std::vector<Arrangement> all;
  for (const Sharding& sharding : shardings(ranks)) all.push_back({ranks, sharding});
  return all;
}

TEST(Resume, TheSameArrangementGivesTheSameBits) {
  for (const Arrangement& arrangement : arrangements(world->size())) {
    for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16}) {
      check_resumption(arrangement, arrangement, dtype);
    }
  }
}

// Other parallelism, degree or rank count, one way or the other by turns: at least one side has all
// ranks.
TEST(Resume, AnotherArrangementStaysWithinRounding) {
  int turn = 0;
  for (const Arrangement& one : arrangements(world->size())) {
    for (std::int64_t ranks = 1; ranks <= world->size(); ranks *= 2) {
      for (const Arrangement& other : arrangements(ranks)) {
        if (one.ranks == other.ranks && one.sharding == other.sharding) continue;
        const bool is_back = ranks < world->size() && turn++ % 2 == 1;
        check_resumption(is_back ? other : one, is_back ? one : other, Dtype::kFp32);
      }
    }
  }
}

// Granite's experts are ranges of fused parameters, and its embedding is its head. The mixed model
// has layers of one unit and of two, and a correction that nothing trains; the clamped one stacks
// that lie transposed, and their biases.
TEST(Resume, OtherModelsGoOnFromAnyArrangement) {
  for (const auto model : {tiny_granite_model, tiny_mixed_model, tiny_clamped_model}) {
    for (Arrangement one : arrangements(world->size())) {
      one.model = model;
      Arrangement alone = one;
      alone.ranks = 1;
      alone.sharding = {};
      check_resumption(one, one, Dtype::kBf16);
      check_resumption(one, alone, Dtype::kFp32);
      check_resumption(alone, one, Dtype::kFp32);
    }
  }
}

class BrokenCheckpoint : public ::testing::Test {
 protected:
  BrokenCheckpoint() : folder_(shared_folder()), cell_(cell_of({world->size()}, Dtype::kFp32)) {
    Engine engine(cell_, *world);
    engine.load(TestedValues(cell_));
    train(engine, cell_, *world, 0, 1);
    save_checkpoint(engine, cell_, *world, 1, {.folder = folder_});
    cell_.resume_from = folder_;
  }
  ~BrokenCheckpoint() override {
    world->barrier();
    if (world->rank() == 0) fs::remove_all(folder_);
  }

  // The error, the same on every rank, and that the engine is untouched by it.
  std::string error() {
    world->barrier();
    Engine engine(cell_, *world);
    std::string message = "no error";
    try {
      load_checkpoint(engine, cell_, *world);
    } catch (const Error& error) {
      message = error.what();
      EXPECT_EQ(engine.num_updates(), 0);
    }
    for (const std::string& text : comm::all_gather_text(*world, message)) EXPECT_EQ(text, message);
    return message;
  }
  fs::path last_file() const {
    return folder_ / "step_1" / fmt::format("rank_{}.safetensors", world->size() - 1);
  }

  fs::path folder_;
  CellConfig cell_;
};

TEST_F(BrokenCheckpoint, DamageInOneFileIsAnErrorOnEveryRank) {
  EXPECT_EQ(error(), "no error");
  if (world->rank() == 0) fs::resize_file(last_file(), fs::file_size(last_file()) - 4);
  EXPECT_THAT(error(), HasSubstr(last_file().string() + "' has "));
  if (world->rank() == 0) fs::remove(last_file());
  EXPECT_THAT(error(), HasSubstr(last_file().string() + "' cannot be read"));
}

TEST_F(BrokenCheckpoint, AForeignCellIsAnErrorOnEveryRank) {
  cell_.learning_rate = 1;
  EXPECT_THAT(error(), HasSubstr("learning_rate 0.001 (this cell: 1)"));
  cell_.learning_rate = 1e-3;
  cell_.resume_from = folder_ / "nothing";
  EXPECT_THAT(error(), HasSubstr("no checkpoint in"));
  EXPECT_THROW(resolve_resume_from(cell_, *world), Error);
}

TEST_F(BrokenCheckpoint, TheFolderMeansItsNewest) {
  EXPECT_EQ(resolve_resume_from(cell_, *world), folder_ / "step_1");
}

}  // namespace
}  // namespace moebench::train
