// The two programs together: real ranks, real training, and what a user sees when a rank fails or
// computes something else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>

#include "harness/base/host_name.h"
#include "harness/launch/launcher.h"
#include "harness/launch/process.h"
#include "harness/record/record.h"
#include "harness/testing/fake_worker.h"
#include "tools/moebench-rank/unprobed_rank.h"
#include "tools/moebench/moebench_testing.h"

namespace moebench {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kScenario = R"(
scenarios:
  - name: arms
    axes:
      model: mini
      parallelism: [fsdp, ep]
      expert_kernel: [loop, grouped]
      ranks: 2
      seq_len: 32
      dtype: fp32
    settings: {steps: 3, warmup_steps: 1}
)";

constexpr const char* kModel = R"({"model_type": "mixtral", "hidden_size": 32,
"intermediate_size": 64, "num_hidden_layers": 2, "num_local_experts": 4, "num_experts_per_tok": 2,
"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 128,
"max_position_embeddings": 64, "initializer_range": 0.2})";

class EndToEnd : public ::testing::Test {
 protected:
  EndToEnd() {
    std::filesystem::create_directories(folder_.path() / "models");
    write_file_atomically(folder_.path() / "models" / "mini.json", kModel);
    write_file_atomically(folder_.path() / "arms.yaml", kScenario);
  }
  ~EndToEnd() override { ::unsetenv("MOEBENCH_TEST_FAULT"); }

  Output run(const std::string& fault = "", const std::vector<std::string>& filters = {},
             const std::vector<std::string>& more = {}) const {
    ::setenv("MOEBENCH_TEST_FAULT", fault.c_str(), 1);
    if (fault.empty()) ::unsetenv("MOEBENCH_TEST_FAULT");
    std::vector<std::string> words = {"run", "arms.yaml"};
    for (const auto& filter : filters) words.insert(words.end(), {"--filter", filter});
    words.insert(words.end(), more.begin(), more.end());
    return finish_moebench(start_moebench(words, folder_.path()), folder_.path());
  }

  TemporaryFolder folder_;
  std::optional<UnprobedRank> rank_{folder_.path()};
};

// The first run measures the GEMM rate and the second takes it over; how many later ones measure
// depends on what else the machine does.
void check_gemm_rates(const std::vector<record::CellRecord>& records) {
  std::map<std::string, record::Metric> measured;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& record = records[i];
    EXPECT_GT(record.value("gemm_share").value(), 0);
    const record::Metric& rate = record.metrics.at("gemm_flops_per_second");
    const auto source = record.environment.find("gemm_rate_of");
    const bool is_own = source == record.environment.end();
    if (i < 2) {
      EXPECT_EQ(is_own, i == 0);
    }
    if (is_own) {
      measured[fmt::format("repetition {} of {}, {}", record.repetition, record.id,
                           record.started_at)] = rate;
    } else {
      EXPECT_EQ(rate, measured[source->second]) << source->second;
    }
  }
}

TEST_F(EndToEnd, AllArmsTrainAlikeAndAreCompared) {
  rank_.reset();
  const Output output = run();
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.out, AllOf(HasSubstr("reference"), Not(HasSubstr("| result"))));
  const auto records = record::load(folder_.path() / "results" / "arms");
  for (const auto& record : records) {
    EXPECT_EQ(record.value("dropped_rows"), 0);
    EXPECT_EQ(record.metrics.at("loss").samples.size(), 3U);
  }
  check_gemm_rates(records);
}

TEST_F(EndToEnd, TheRecordSaysWhatWasMeasured) {
  rank_.reset();
  EXPECT_EQ(run("", {"parallelism=ep", "expert_kernel=grouped"}).exit_code, 0);
  const auto record = record::load(folder_.path() / "results" / "arms").at(0);
  const auto& environment = record.environment;
  // Both programs are of this build and on this host, so that only the names tell them apart.
  for (const char* fact : {"moebench_version", "git_sha", "git_dirty", "compiler", "build_type",
                           "sanitizers", "cpu_model", "cores_online", "memory_total_bytes"}) {
    EXPECT_EQ(environment.at(fact), environment.at(std::string("driver_") + fact)) << fact;
  }
  EXPECT_EQ(environment.at("hosts"), environment.at("driver_host"));
  EXPECT_THAT(environment.at("worker"), EndsWith("moebench-rank"));
  EXPECT_EQ(environment.at("worker_hash").size(), 12U);
  for (const std::string& warning : record.warnings) {
    EXPECT_THAT(warning, Not(HasSubstr("does not know"))) << "a metric without a row";
    EXPECT_THAT(warning, Not(HasSubstr("the ranks differ")));
  }
}

TEST_F(EndToEnd, AKilledRankIsRecordedAndTheNextRunCompletes) {
  const Output killed = run("kill@1:2", {"parallelism=ep", "expert_kernel=loop"});
  EXPECT_EQ(killed.exit_code, 3) << killed.err;
  EXPECT_THAT(killed.out, HasSubstr("CRASHED"));
  const Output completed = run();
  EXPECT_EQ(completed.exit_code, 0) << completed.err;
  EXPECT_THAT(completed.out, Not(HasSubstr("CRASHED")));
}

TEST_F(EndToEnd, TheRankThatEndedFirstIsNamedWithHostAndSignal) {
  struct Ended {
    const char* fault;
    int ranks;
    std::string how;
  };
  const std::string host = " (host " + host_name() + ")";
  for (const Ended& ended :
       {Ended{"kill@1:2", 2,
              "rank 1" + host + " was ended by signal 9 (Killed), and with it rank 0"},
        Ended{"abort@0:1", 2, "rank 0" + host + " was ended by signal 6 (Aborted), and with it "},
        Ended{"segv@1:2", 2, "rank 1" + host + " was ended by signal 11 (Segmentation fault), "},
        Ended{"exit@1:2", 2, "rank 1" + host + " ended with exit code 7, and with it rank 0 of 2"},
        Ended{"kill@0:2", 1, "rank 0" + host + " was ended by signal 9 (Killed)"},
        Ended{"exit@0:2", 1, "rank 0" + host + " ended with exit code 7"}}) {
    const Output output = run(ended.fault, {"parallelism=fsdp", "expert_kernel=loop"},
                              {"--ranks", std::to_string(ended.ranks)});
    EXPECT_EQ(output.exit_code, 3) << ended.fault;
    EXPECT_THAT(output.err, AllOf(HasSubstr(ended.how), HasSubstr("log: "))) << ended.fault;
    EXPECT_THAT(output.out, HasSubstr(ended.how)) << ended.fault;
  }
}

TEST_F(EndToEnd, ARankThatCannotLeaveItsResultEndsAllRanks) {
  EXPECT_EQ(run("", {"parallelism=fsdp", "expert_kernel=loop"}).exit_code, 0);
  const auto results = folder_.path() / "results" / "arms";
  const auto cell = results / "cells" / record::load(results).at(0).id / "0" / "cell.yaml";
  const auto out = folder_.path() / "ranks";
  std::filesystem::create_directories(out / "rank_1.json" / "in the way");
  launch::LaunchRequest request;
  request.command = {MOEBENCH_RANK_PROGRAM, "--cell",           cell.string(), "--out",
                     out.string(),          "--gemm-rate-known"};
  request.ranks = 2;
  const launch::LaunchCommand command =
      launch::make_launch_command(request, launch::read_launch_place());
  launch::ProcessOptions process;
  process.command = command.command;
  process.environment = command.environment;
  process.stdout_path = folder_.path() / "out.txt";
  process.stderr_path = folder_.path() / "err.txt";
  EXPECT_EQ(launch::run_process(process).exit_code, 70);
  EXPECT_THAT(read_file(process.stderr_path),
              AllOf(HasSubstr("moebench-rank: failed: cannot write '"), HasSubstr("rank_1.json")));
}

TEST_F(EndToEnd, AnInjectedSlowdownIsPartOfEachMeasuredStep) {
  EXPECT_EQ(run("slow@0:900", {"parallelism=fsdp", "expert_kernel=loop"}).exit_code, 0);
  const auto record = record::load(folder_.path() / "results" / "arms").at(0);
  // Nine tenths of rank 0's time, in no phase of the training.
  const auto other = record.metrics.at("phase_time_other").per_rank.at(0);
  const auto step = record.metrics.at("step_time").per_rank.at(0);
  EXPECT_GT(other.value() / step.value(), 0.8);
}

TEST_F(EndToEnd, TheDoctorMeasuresTheMachine) {
  const Output output =
      finish_moebench(start_moebench({"doctor", "--quick"}, folder_.path()), folder_.path());
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.out, AllOf(HasSubstr("one core alone"), HasSubstr("reduce-scatter"),
                                HasSubstr("torch_version"), Not(HasSubstr("—"))));
}

TEST_F(EndToEnd, AProfileIsAddedToAndItsFilesAreThere) {
  const auto profile = [&](const std::string& level, const std::string& format) {
    return finish_moebench(
        start_moebench({"profile", "arms.yaml", "--filter", "expert_kernel=grouped", "--level",
                        level, "--format", format},
                       folder_.path()),
        folder_.path());
  };
  const Output phases = profile("phases", "markdown");
  EXPECT_EQ(phases.exit_code, 0) << phases.err;
  EXPECT_THAT(phases.out, AllOf(HasSubstr("experts_backward"), HasSubstr("Most of it is rank"),
                                HasSubstr("came in"), Not(HasSubstr("#### Operations"))));
  const Output ops = profile("ops", "markdown");
  EXPECT_THAT(ops.err, HasSubstr("2 repetitions to run"));  // of a deeper level than what is there
  EXPECT_THAT(ops.out, AllOf(HasSubstr("### Hotspots"), HasSubstr("moebench::grouped_mlp"),
                             HasSubstr("moebench::permute_rows"), HasSubstr("#### Phases")));
  const Output files = profile("phases", "pstats");
  EXPECT_THAT(files.err, HasSubstr("0 repetitions to run"));
  const auto path = folder_.path() / files.out.substr(0, files.out.find(' '));
  EXPECT_TRUE(std::filesystem::exists(path)) << path;
}

TEST_F(EndToEnd, AWrongArmIsIncorrectAndNoImprovementIsPrintedForIt) {
  EXPECT_EQ(run("", {"parallelism=fsdp"}).exit_code, 0);
  const Output wrong = run("swap@0:0", {"parallelism=ep", "expert_kernel=grouped"});
  EXPECT_EQ(wrong.exit_code, 3) << wrong.err;
  const Output all =
      finish_moebench(start_moebench({"report", "results/arms"}, folder_.path()), folder_.path());
  EXPECT_THAT(all.out,
              AllOf(HasSubstr("INCORRECT: token losses of step 1: "),
                    HasSubstr("| ep          | 2         | grouped       |             — |")));
  EXPECT_EQ(run().exit_code, 0) << "the wrong arm is run again";
}

}  // namespace
}  // namespace moebench
