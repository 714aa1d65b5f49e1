// Checkpoints as a user has them: real ranks under the real launcher, killed while they save, and
// resumed from what is left.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "harness/base/file.h"
#include "harness/checkpoint/folder.h"
#include "harness/checkpoint/reader.h"
#include "harness/checkpoint/save.h"
#include "harness/config/resumption.h"
#include "harness/launch/run_cell.h"
#include "harness/record/metric_catalogue.h"
#include "harness/testing/fake_worker.h"
#include "harness/testing/models.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;
using checkpoint::Stage;
using record::CellRecord;
using record::Disposition;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kSteps = 6;  // saved after every second one

config::CellConfig small_cell() {
  config::CellConfig cell;
  cell.model = tiny_model();
  cell.scenario = "checkpoint";
  cell.parallelism = config::Parallelism::kEp;
  cell.ep_degree = 2;
  cell.ranks = 2;
  cell.seq_len = 24;
  cell.warmup_steps = 0;
  cell.steps = kSteps;
  cell.checkpoint_every = 2;
  // Each run checks its routing against the data's position.
  cell.routing = {config::RoutingKind::kSkewed, 1, ""};
  cell.data.mean_length = 14;
  return cell;
}

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() {
    options_.results_folder = folder_.path();
    options_.worker = MOEBENCH_RANK_PROGRAM;
    options_.place = launch::read_launch_place();
    options_.machine = machine::read_machine_facts();
    options_.gemm_rate_is_known = true;
  }
  ~CheckpointTest() override { ::unsetenv("MOEBENCH_TEST_FAULT"); }

  CellRecord run(const config::CellConfig& cell) {
    return launch::run_cell(cell, 0, options_).value_or(CellRecord{});
  }
  fs::path checkpoints(const config::CellConfig& cell) const {
    return config::checkpoint_folder(cell,
                                     launch::repetition_folder(options_.results_folder, cell, 0));
  }

  // The steps behind the newest checkpoint in `folder`.
  config::CellConfig rest_of(config::CellConfig cell, const fs::path& folder) const {
    cell.resume_from = folder;
    cell.steps = kSteps - checkpoint::saved_steps(folder).back();
    return cell;
  }
  void expect_continues(const CellRecord& resumed, const CellRecord& straight) {
    ASSERT_EQ(resumed.disposition, Disposition::kOk) << resumed.message << resumed.stderr_tail;
    for (const char* metric : {"loss", "grad_norm"}) {
      const auto& all = straight.metrics.at(metric).samples;
      const auto& rest = resumed.metrics.at(metric).samples;
      EXPECT_EQ(rest, std::vector<double>(all.end() - std::ssize(rest), all.end())) << metric;
    }
    EXPECT_GT(resumed.value("checkpoint_load_time"), 0);
  }

  TemporaryFolder folder_;
  launch::RunCellOptions options_;
};

void verify(const fs::path& folder) {
  const checkpoint::Reader reader(folder);
  for (std::size_t i = 0; i < reader.manifest().files.size(); ++i) reader.verify_file(i);
}

TEST_F(CheckpointTest, ARankKilledAtAnyPointOfASaveLeavesACheckpointToResume) {
  const config::CellConfig cell = small_cell();
  const CellRecord straight = run(cell);
  ASSERT_EQ(straight.disposition, Disposition::kOk) << straight.message << straight.stderr_tail;
  EXPECT_THAT(checkpoint::saved_steps(checkpoints(cell)), ElementsAre(2, 4, 6));
  EXPECT_EQ(straight.metrics.at("checkpoint_save_time").samples.size(), 3U);
  EXPECT_GT(straight.value("checkpoint_bytes"), 0);

  const std::pair<int, Stage> faults[] = {{0, Stage::kBegun},        {0, Stage::kHalfShard},
                                          {1, Stage::kHalfShard},    {0, Stage::kShardWritten},
                                          {1, Stage::kShardWritten}, {0, Stage::kReady},
                                          {0, Stage::kExchanged},    {0, Stage::kDone}};
  for (const auto& [rank, stage] : faults) {
    SCOPED_TRACE(fmt::format("rank {} at {}", rank, to_string(stage)));
    ::setenv("MOEBENCH_TEST_FAULT", fmt::format("kill@{}:4/{}", rank, to_string(stage)).c_str(), 1);
    EXPECT_EQ(run(cell).disposition, Disposition::kCrashed);
    ::unsetenv("MOEBENCH_TEST_FAULT");
    const bool is_committed = stage == Stage::kExchanged || stage == Stage::kDone;
    EXPECT_EQ(checkpoint::saved_steps(checkpoints(cell)).back(), is_committed ? 4 : 2);
    verify(checkpoints(cell));
    // One before and one after the commit stand for all: the folders are the same.
    if (stage == Stage::kReady || stage == Stage::kExchanged) {
      expect_continues(run(rest_of(cell, checkpoints(cell))), straight);
    }
  }
}

TEST_F(CheckpointTest, ADamagedCheckpointTrainsNothing) {
  config::CellConfig cell = small_cell();
  cell.keep_checkpoints = 2;
  cell.checkpoint_folder = folder_.path() / "elsewhere";
  ASSERT_EQ(run(cell).disposition, Disposition::kOk);
  const fs::path folder = checkpoints(cell);
  EXPECT_EQ(folder.string(), cell.checkpoint_folder + "/" + cell.id() + "/0");
  EXPECT_THAT(checkpoint::saved_steps(folder), ElementsAre(4, 6));

  const fs::path file = folder / "step_6" / "rank_1.safetensors";
  std::fstream(file, std::ios::in | std::ios::out).seekp(1000).put('?');
  config::CellConfig next = cell;
  next.resume_from = folder;
  const CellRecord damaged = run(next);
  EXPECT_EQ(damaged.disposition, Disposition::kCrashed);
  EXPECT_THAT(damaged.message,
              AllOf(HasSubstr(file.string() + "' is damaged"),
                    HasSubstr("resume from '" + (folder / "step_4").string() + "'")));
  // Nothing was trained: all that the record has is the driver's, its estimate and what it saw of
  // the processes and the machine.
  for (const auto& [name, metric] : damaged.metrics) {
    EXPECT_EQ(record::metric_info(name).over_ranks, record::OverRanks::kNotOfRanks) << name;
  }

  next.resume_from = folder / "step_4";
  next.seed = 1;
  EXPECT_THAT(run(next).message, HasSubstr("was trained with seed 0 (this cell: 1)"));
  next.seed = 0;
  EXPECT_EQ(run(next).disposition, Disposition::kOk);
}

}  // namespace
}  // namespace moebench
