#include "harness/launch/run_cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/launch/descendants.h"
#include "harness/launch/process.h"
#include "harness/launch/worker.h"
#include "harness/testing/fake_worker.h"

namespace moebench::launch {
namespace {

using record::CellRecord;
using record::Disposition;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr int kSteps = 2;

class RunCellTest : public ::testing::Test {
 protected:
  RunCellTest() {
    options_.results_folder = folder_.path() / "results with a blank";
    options_.worker = worker_.program();
    options_.place = read_launch_place();
    options_.machine = machine::read_machine_facts();
    cell_.model.name = "toy";
    cell_.ranks = 2;
    cell_.steps = kSteps;
    cell_.scenario = "unit";
  }

  CellRecord run(const std::string& mode) {
    worker_.set_mode(mode);
    auto record = run_cell(cell_, 0, options_);
    EXPECT_TRUE(record);
    return record.value_or(CellRecord{});
  }
  std::filesystem::path repetition() const {
    return repetition_folder(options_.results_folder, cell_, 0);
  }

  TemporaryFolder folder_;
  FakeWorker worker_{folder_.path() / "worker", kSteps};
  RunCellOptions options_;
  config::CellConfig cell_;
};

TEST_F(RunCellTest, OkOnTwoRanks) {
  std::vector<RankProgress> progress;
  options_.on_progress = [&](const RankProgress& now) { progress.push_back(now); };
  const CellRecord record = run("ok");
  EXPECT_EQ(record.disposition, Disposition::kOk) << record.message << record.stderr_tail;
  EXPECT_EQ(record.id, cell_.id());
  EXPECT_EQ(record.scenario, "unit");
  EXPECT_EQ(record.value("global_tokens_per_second"), 30 / 400e-9);
  EXPECT_EQ(record.environment.at("launcher"), "mpirun");
  EXPECT_EQ(record.environment.at("world_size"), "2");
  EXPECT_EQ(record.environment.at("torch_version"), "1.2.3");
  EXPECT_EQ(record.environment.at("worker"), worker_.program().string());
  EXPECT_EQ(record.environment.at("worker_hash"), worker_hash(worker_.program()));
  EXPECT_EQ(record.started_at.size(), std::string("2024-01-01T00:00:00Z").size());
  ASSERT_FALSE(progress.empty());
  EXPECT_EQ(progress.back().phase, "memory");
}

// The fake worker says that it was built otherwise than this test, and on another machine.
TEST_F(RunCellTest, TheRanksFactsWinAndTheDriversStandApart) {
  const CellRecord record = run("ok");
  EXPECT_EQ(record.environment.at("compiler"), "Fake 1.0");
  EXPECT_EQ(record.environment.at("cpu_model"), "Fake CPU");
  EXPECT_EQ(record.environment.at("hosts"), "fake-host");
  EXPECT_EQ(record.environment.at("driver_compiler"), options_.machine.compiler);
  EXPECT_EQ(record.environment.at("driver_cpu_model"), options_.machine.cpu_model);
  EXPECT_THAT(record.warnings, Contains("build type 'Debug' is not optimised"));
  EXPECT_THAT(record.warnings, Contains("built with sanitizers"));
}

TEST_F(RunCellTest, WithoutAResultNobodySaysWhatWasMeasured) {
  cell_.ranks = 1;
  const CellRecord record = run("crash");
  EXPECT_FALSE(record.environment.contains("compiler"));
  EXPECT_TRUE(record.environment.contains("driver_compiler"));
  EXPECT_TRUE(record.environment.contains("worker_hash"));
}

TEST_F(RunCellTest, FolderHoldsCellCommandAndOutput) {
  run("ok");
  for (const char* name : {"cell.yaml", "command.sh", "stdout", "stderr", "rank_0.json"}) {
    EXPECT_TRUE(std::filesystem::exists(repetition() / name)) << name;
  }
  EXPECT_EQ(config::read_cell(repetition() / "cell.yaml").id(), cell_.id());
  const auto again = folder_.path() / "again";
  std::filesystem::create_directories(again);
  const std::string command =
      "'" + (repetition() / "command.sh").string() + "' " + again.string() + " >/dev/null 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_TRUE(std::filesystem::exists(again / "rank_1.json"));
}

TEST_F(RunCellTest, OneRankRunsInPlace) {
  cell_.ranks = 1;
  const CellRecord record = run("ok");
  EXPECT_EQ(record.disposition, Disposition::kOk) << record.message;
  EXPECT_EQ(record.environment.at("launcher"), "direct");
}

TEST_F(RunCellTest, OldAttemptIsRemoved) {
  run("ok");
  const CellRecord record = run("silent");
  EXPECT_EQ(record.disposition, Disposition::kCrashed) << "took the old rank_1.json for new";
  EXPECT_THAT(record.message, HasSubstr("no result of rank 1 of 2"));
}

TEST_F(RunCellTest, CrashKeepsStderr) {
  const CellRecord record = run("crash");
  EXPECT_EQ(record.disposition, Disposition::kCrashed);
  EXPECT_THAT(record.message, HasSubstr("exit code 7"));
  EXPECT_THAT(record.stderr_tail, HasSubstr("the worker gives up"));
  EXPECT_THAT(record.message, AllOf(HasSubstr("the worker gives up"),
                                    HasSubstr("log: " + (repetition() / "stderr").string())));
}

TEST_F(RunCellTest, PartialMetricsAreACrash) {
  EXPECT_EQ(run("partial").message, "not measured, or not on every rank: loss");
}

TEST_F(RunCellTest, UnreadableResultIsACrash) {
  const CellRecord record = run("garbage");
  EXPECT_EQ(record.disposition, Disposition::kCrashed);
  EXPECT_THAT(record.message, HasSubstr("rank_1.json"));
}

TEST_F(RunCellTest, ReportedOutOfMemory) {
  const CellRecord record = run("memory");
  EXPECT_EQ(record.disposition, Disposition::kOutOfMemory);
  EXPECT_EQ(record.message, "rank 1: cannot allocate 1 TB");
}

TEST_F(RunCellTest, KilledRankIsACrash) {
  const CellRecord record = run("kill");
  EXPECT_EQ(record.disposition, Disposition::kCrashed);
  const auto was_killed = HasSubstr("was ended by signal 9 (Killed)");
  EXPECT_THAT(record.message, AllOf(HasSubstr("rank 1 (host "), was_killed));
  cell_.ranks = 1;
  EXPECT_THAT(run("kill").message, AllOf(HasSubstr("rank 0 "), was_killed));
}

TEST_F(RunCellTest, AWorkerThatIsNotFoundOnAHostIsNamedSo) {
  const std::string how =
      " ended with exit code 127: a program, or a library that it needs, was not";
  EXPECT_THAT(run("lost").message, HasSubstr("rank 1" + how));
  cell_.ranks = 1;
  EXPECT_THAT(run("lost").message, HasSubstr("rank 0" + how));
}

TEST_F(RunCellTest, HangTimesOutAndLeavesNoProcess) {
  cell_.time_limit_s = 1.5;
  const CellRecord record = run("hang");
  EXPECT_EQ(record.disposition, Disposition::kTimedOut);
  EXPECT_EQ(worker_.count_sleepers(), 0);
}

TEST_F(RunCellTest, ARankThatStopsForEverIsEnded) {
  cell_.progress_limit_s = 1;
  for (const char* mode : {"stop", "mute"}) {
    for (const int ranks : {1, 2}) {
      cell_.ranks = ranks;
      const CellRecord record = run(mode);
      EXPECT_EQ(record.disposition, Disposition::kTimedOut) << mode << ranks;
      EXPECT_THAT(record.message, HasSubstr("no progress for 1 s"));
    }
  }
}

TEST_F(RunCellTest, ABoundRankIsStartedByTheLauncher) {
  cell_.ranks = 1;
  cell_.bind = config::Binding::kCore;
  const CellRecord record = run("ok");
  EXPECT_EQ(record.disposition, Disposition::kOk) << record.message << record.stderr_tail;
  EXPECT_EQ(record.environment.at("launcher"), "mpirun");
  EXPECT_EQ(record.environment.at("launcher_binding"), "core");
}

TEST_F(RunCellTest, TheArmsEnvironmentIsInTheScript) {
  options_.environment = {{"MOEBENCH_ARM", "blue"}};
  options_.launcher = launcher_choice("auto", "-x MOEBENCH_ARM");
  const CellRecord record = run("ok");
  EXPECT_EQ(record.environment.at("launcher_args"), "-x MOEBENCH_ARM");
  const std::string script = read_file(repetition() / "command.sh");
  EXPECT_THAT(script, HasSubstr("export MOEBENCH_ARM='blue'\n"));
  EXPECT_THAT(script, HasSubstr("'-x' 'MOEBENCH_ARM' '-n' '2'"));
}

TEST_F(RunCellTest, RanksEndWhenMpirunIsKilled) {
  worker_.set_mode("hang");
  const Descendants ours;
  options_.on_progress = [&](const RankProgress&) { ::kill(ours.find().at(0), SIGKILL); };
  const auto record = run_cell(cell_, 0, options_);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->disposition, Disposition::kCrashed);
  EXPECT_EQ(worker_.count_sleepers(), 0);
}

// The thread's signal comes after the ranks have crashed, or before on a busy machine.
TEST_F(RunCellTest, AJobThatEndsItsRanksFirstGivesNoRecord) {
  options_.place.hosts.origin = HostsOrigin::kAllocation;
  cell_.ranks = 1;
  handle_interrupts();
  worker_.set_mode("crash");
  std::optional<CellRecord> record;
  {
    const std::jthread job([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      ::kill(::getpid(), SIGTERM);
    });
    record = run_cell(cell_, 0, options_);
  }
  clear_interrupt();
  ::signal(SIGTERM, SIG_DFL);
  EXPECT_FALSE(record);
}

TEST_F(RunCellTest, ACrashWithinAJobIsOne) {
  options_.place.hosts.origin = HostsOrigin::kAllocation;
  EXPECT_EQ(run("crash").disposition, Disposition::kCrashed);
}

TEST_F(RunCellTest, InterruptGivesNoRecord) {
  handle_interrupts();
  worker_.set_mode("hang");
  options_.on_progress = [](const RankProgress&) { ::raise(SIGTERM); };
  EXPECT_FALSE(run_cell(cell_, 0, options_));
  EXPECT_EQ(worker_.count_sleepers(), 0);
  clear_interrupt();
  ::signal(SIGTERM, SIG_DFL);
}

}  // namespace
}  // namespace moebench::launch
