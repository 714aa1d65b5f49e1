// Runs the moebench program as a user does; a fake worker stands for the training.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <set>
#include <thread>

#include "harness/base/file.h"
#include "harness/config/scenario.h"
#include "harness/config/shipped.h"
#include "harness/record/record.h"
#include "harness/testing/fake_worker.h"
#include "tools/moebench/moebench_testing.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kScenarios = R"(
defaults:
  axes: {model: toy, ranks: 2, seq_len: 16}
  settings: {steps: 2, warmup_steps: 1}
scenarios:
  - name: quick
    axes: {parallelism: [fsdp, ep]}
  - name: long
    slow: true
    axes: {parallelism: [fsdp], micro_batch: 4}
)";

constexpr const char* kModel = R"({"model_type": "mixtral", "hidden_size": 16,
"intermediate_size": 32, "num_hidden_layers": 2, "num_local_experts": 4, "num_experts_per_tok": 2,
"num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 256,
"max_position_embeddings": 64})";

void limit_file_size(rlim_t bytes) {
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  ::signal(SIGXFSZ, SIG_IGN);  // so that write() fails instead
}

class MoebenchTest : public ::testing::Test {
 protected:
  MoebenchTest() {
    fs::create_directories(folder_.path() / "models");
    write_file_atomically(folder_.path() / "models" / "toy.json", kModel);
    write_file_atomically(folder_.path() / "file.yaml", kScenarios);
    ::setenv("MOEBENCH_RANK_PROGRAM", worker_.program().c_str(), 1);
  }

  fs::path results() const { return folder_.path() / "results" / "file"; }
  std::size_t num_lines() const {
    const std::string text = read_file(results() / "results.jsonl");
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  pid_t start(const std::vector<std::string>& words) const {
    return start_moebench(words, folder_.path());
  }
  Output finish(pid_t pid) const { return finish_moebench(pid, folder_.path()); }
  Output moebench(const std::vector<std::string>& words) const { return finish(start(words)); }

  // Starts a run that hangs, and returns once its sleepers are there.
  pid_t start_hanging_run() {
    worker_.set_mode("hang");
    const pid_t pid = start({"run", "file.yaml"});
    for (int i = 0; i < 2400 && worker_.count_sleepers() < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_EQ(worker_.count_sleepers(), 2);
    return pid;
  }

  TemporaryFolder folder_;
  FakeWorker worker_{folder_.path() / "worker", 2};
};

TEST_F(MoebenchTest, WhatIsShippedIsFoundFromAnyFolder) {
  EXPECT_THAT(moebench({"list", "quickstart"}).out, HasSubstr("expert_kernel"));
  EXPECT_THAT(moebench({"models"}).out, HasSubstr("mixtral-tiny"));
  const Output wrong = moebench({"run", "quikstart"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean 'quickstart'?"));
}

TEST_F(MoebenchTest, ScenariosTellWhatARoundTookHere) {
  const auto row = [&] {
    const std::string csv = moebench({"scenarios", "--format", "csv"}).out;
    const std::size_t begin = csv.find(R"("quickstart",)");
    return csv.substr(begin, csv.find('\n', begin) - begin);
  };
  EXPECT_THAT(row(), HasSubstr(R"("quickstart","quickstart","4","",)"));
  const fs::path results = folder_.path() / "results/other";
  fs::create_directories(results);
  const auto scenarios = config::load_scenarios(config::find_scenario("quickstart"));
  for (const config::CellConfig& cell : scenarios.front().cells) {
    for (const double seconds : {1, 2, 30}) {
      record::CellRecord record;
      record.id = cell.id();
      record.repetition = static_cast<int>(seconds);
      record.metrics["run_time"] = {.unit = "ns", .value = seconds * 1e9};
      record::append(results, record);
    }
  }
  EXPECT_THAT(row(), HasSubstr(R"("quickstart","quickstart","4","8000000000",)"));
}

TEST_F(MoebenchTest, SaysAsMuchAsIsAskedFor) {
  const Output usual = moebench({"run", "file.yaml"});
  EXPECT_THAT(usual.err, AllOf(HasSubstr("2 repetitions to run"), HasSubstr("[1/2] "),
                               Not(HasSubstr("command: "))));
  const Output verbose = moebench({"run", "file.yaml", "--fresh", "-v"});
  EXPECT_THAT(verbose.err, AllOf(HasSubstr("  folder: "), HasSubstr("  command: mpirun "),
                                 HasSubstr("--cell "), HasSubstr(" tokens/s, ")));
  const Output quiet = moebench({"run", "file.yaml", "--fresh", "--quiet"});
  EXPECT_EQ(quiet.err, "");
  EXPECT_THAT(quiet.out, HasSubstr("## quick"));
  worker_.set_mode("crash");
  worker_.set_only_for("parallelism: ep");
  const Output failed = moebench({"run", "file.yaml", "--fresh", "-q"});
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("[2/2] "), HasSubstr("the worker gives up"),
                                Not(HasSubstr("[1/2]"))));
}

TEST_F(MoebenchTest, EachScenarioIsWholeWhoeverRanTheCell) {
  const char* const two = R"(
defaults:
  axes: {model: toy, ranks: 2, seq_len: 16}
  settings: {steps: 2, warmup_steps: 1}
scenarios:
  - {name: kernels, axes: {expert_kernel: [loop, grouped]}}
  - {name: recomputation, axes: {activation_checkpointing: [false, true]}}
)";
  const fs::path file = folder_.path() / "file.yaml";
  const auto rows = [](const std::string& text, const std::string& first_cell) {
    std::size_t count = 0;
    for (std::size_t at = text.find("\n| " + first_cell); at != std::string::npos;
         at = text.find("\n| " + first_cell, at + 1)) {
      ++count;
    }
    return count;
  };
  write_file_atomically(file, two);
  EXPECT_EQ(moebench({"run", "file.yaml", "--only", "kernels"}).exit_code, 0);
  const Output second = moebench({"run", "file.yaml", "--only", "recomputation"});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.out, AllOf(HasSubstr("## recomputation"), Not(HasSubstr("## kernels"))));
  EXPECT_THAT(second.err, HasSubstr("1 repetitions to run, 1 already ok"));
  EXPECT_GE(rows(second.out, "false"), 1U);
  EXPECT_GE(rows(second.out, "true"), 1U);
  const Output both = moebench({"report", "results/file"});
  EXPECT_THAT(both.out, AllOf(HasSubstr("## kernels"), HasSubstr("## recomputation")));
  EXPECT_EQ(rows(both.out, "false"), rows(both.out, "true"));
  EXPECT_EQ(rows(both.out, "loop"), rows(both.out, "grouped"));

  std::string renamed = two;
  renamed.replace(renamed.find("kernels"), 7, "renamed");
  write_file_atomically(file, renamed);
  const Output again = moebench({"run", "file.yaml", "--only", "renamed"});
  EXPECT_THAT(again.err, HasSubstr("0 repetitions to run, 2 already ok"));
  EXPECT_THAT(again.out, AllOf(HasSubstr("## renamed"), Not(HasSubstr("## kernels"))));
  const Output after = moebench({"report", "results/file"});
  EXPECT_THAT(after.out, AllOf(HasSubstr("## renamed"), HasSubstr("## recomputation"),
                               Not(HasSubstr("## kernels"))));
}

// Facts: the table of fms-acceleration's pull request 69, in the columns of its raw summary.
TEST_F(MoebenchTest, ImportsTheResultsOfAnotherHarness) {
  write_file_atomically(folder_.path() / "raw.csv",
                        "model_name_or_path,num_gpus,framework_config,"
                        "mem_peak_torch_mem_alloc_in_bytes,mem_torch_mem_alloc_in_bytes,"
                        "train_runtime,train_tokens_per_second\n"
                        "Mixtral-8x7B,8,none,54800000000,44000000000,4019,83\n"
                        "Mixtral-8x7B,8,moe-megablocks,45500000000,33500000000,996,337\n"
                        "Mixtral-8x7B,1,none,,,,\n");
  const Output imported = moebench({"import", "fms", "raw.csv", "--out", "r"});
  EXPECT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_THAT(imported.err, HasSubstr("imported 3 runs, 1 of them failed, into r"));
  const Output twice = moebench({"import", "fms", "raw.csv", "--out", "r"});
  EXPECT_EQ(twice.exit_code, 2);
  EXPECT_THAT(twice.err, HasSubstr("was imported into 'r' before"));
  EXPECT_EQ(moebench({"import", "other", "raw.csv"}).exit_code, 2);

  const auto report = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"report", "r"});
    const Output output = moebench(words);
    EXPECT_EQ(output.exit_code, 0) << output.err;
    return output.out;
  };
  EXPECT_THAT(report({"--fms-table"}), AllOf(HasSubstr("ep8-megablocks"), HasSubstr("-17.0 %"),
                                             HasSubstr("4.04x"), HasSubstr("CRASHED")));
  EXPECT_THAT(report({"--price", "2"}), AllOf(HasSubstr("-23.9 %"), HasSubstr("cost / Gtoken")));
  EXPECT_THAT(report({"--format", "csv-wide"}), HasSubstr("\"fms.framework_config\""));
  EXPECT_THAT(report({"--format", "latex"}), HasSubstr("\\begin{tabular}"));
  EXPECT_THAT(report({"--format", "card"}), HasSubstr("\"kind\": \"fms\""));
  EXPECT_THAT(report({"--published"}), HasSubstr("published: fms-acceleration"));
  EXPECT_EQ(moebench({"report", "r", "--published", "none.csv"}).exit_code, 2);
  EXPECT_EQ(moebench({"report", "r", "--format", "card", "--fms-table"}).exit_code, 2);
}

TEST_F(MoebenchTest, ListShowsWhatCannotRunAndWhy) {
  write_file_atomically(folder_.path() / "file.yaml", R"(
scenarios:
  - {name: other, arguments: {model_name_or_path: toy, lora_rank: 8}}
  - {name: moe, axes: {seq_len: 16}, framework_config: [null], arguments: {model_name_or_path: toy}}
)");
  const Output all = moebench({"list", "file.yaml"});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_THAT(all.out, AllOf(HasSubstr("moe"), HasSubstr("cannot run here"),
                             HasSubstr("unknown argument 'lora_rank'")));
  EXPECT_EQ(moebench({"list", "file.yaml", "--only", "moe"}).exit_code, 0);
  write_file_atomically(folder_.path() / "none.yaml",
                        "scenarios: [{name: a, arguments: {x: 1}}, {name: b, arguments: {y: 1}}]");
  const Output none = moebench({"list", "none.yaml"});
  EXPECT_EQ(none.exit_code, 0) << none.err;
  EXPECT_THAT(none.out,
              AllOf(HasSubstr("unknown argument 'x'"), HasSubstr("unknown argument 'y'")));
  const Output other = moebench({"list", "file.yaml", "--only", "other"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("file.yaml:3: unknown argument 'lora_rank'"));
}

TEST_F(MoebenchTest, WhatIsNoScenarioFileIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo((folder_.path() / "pipe").c_str(), 0600), 0);
  const std::string long_name(300, 'a');
  for (const std::string& file : {std::string("/dev/zero"), std::string("pipe"), std::string("."),
                                  long_name, std::string("models/toy.json/x")}) {
    const Output output = moebench({"list", file});
    EXPECT_EQ(output.exit_code, 2) << file;
    EXPECT_THAT(output.err, HasSubstr("cannot read '")) << file;
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
  }
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"run", "file.yaml", "--out", long_name},
        std::vector<std::string>{"report", long_name}, std::vector<std::string>{"gate", long_name},
        std::vector<std::string>{"list", "file.yaml", "--only", long_name},
        std::vector<std::string>{"list", "file.yaml", "--filter", "model=" + long_name},
        std::vector<std::string>{"load", long_name},
        std::vector<std::string>{"make-checkpoint", "--model", long_name, "--out", "x"},
        std::vector<std::string>{"make-checkpoint", "--model", "models/toy.json", "--out",
                                 long_name}}) {
    const Output output = moebench(words);
    EXPECT_EQ(output.exit_code, 2) << words.front() << ": " << output.err;
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
  }
}

TEST_F(MoebenchTest, RunPrintsATableAndASecondRunSkips) {
  const Output first = moebench({"run", "file.yaml"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, AllOf(HasSubstr("fsdp"), HasSubstr("ep"), HasSubstr("|")));
  EXPECT_THAT(first.err, HasSubstr("[2/2] parallelism=ep ep_degree=2 ok"));
  EXPECT_THAT(first.err, Not(HasSubstr("\r"))) << "no terminal";
  EXPECT_EQ(num_lines(), 2U);
  EXPECT_EQ(record::load(results())[0].environment.at("command_line"), "moebench run file.yaml");

  const Output second = moebench({"run", "file.yaml"});
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_THAT(second.err, HasSubstr("0 repetitions to run, 2 already ok"));
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(num_lines(), 2U);
}

TEST_F(MoebenchTest, AResultOfAnotherWorkerIsMeasuredAgain) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  const std::string before = record::load(results())[0].environment.at("worker_hash");
  worker_.rebuild();
  EXPECT_THAT(moebench({"run", "file.yaml", "--dry-run"}).out,
              HasSubstr("run again repetition 0, recorded ok by worker " + before));

  const Output second = moebench({"run", "file.yaml"});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, AllOf(HasSubstr("note: 2 results by another program (worker " + before +
                                          ") not counted; measuring again"),
                                HasSubstr("2 repetitions to run, 0 already ok")));
  EXPECT_EQ(num_lines(), 4U);
  for (const record::CellRecord& record : record::load(results())) {
    EXPECT_NE(record.environment.at("worker_hash"), before);
  }
  EXPECT_THAT(moebench({"run", "file.yaml"}).err, HasSubstr("0 repetitions to run, 2 already ok"));
}

TEST_F(MoebenchTest, AReportTakesEachCellsLatestProgram) {
  const std::vector<std::string> run = {"run", "file.yaml", "--filter", "parallelism=fsdp"};
  std::vector<std::string> twice = run;
  twice.insert(twice.end(), {"--repeats", "2"});
  EXPECT_EQ(moebench(twice).exit_code, 0);
  worker_.rebuild();
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // started_at counts seconds
  EXPECT_EQ(moebench(run).exit_code, 0);                         // repetition 0 alone
  const std::string dir = results().string();
  const Output latest = moebench({"report", dir, "--format", "json"});
  EXPECT_THAT(latest.err, HasSubstr("left out 1 result of another program"));
  EXPECT_THAT(latest.out, Not(HasSubstr("\"repetition\": 1")));
  const Output all = moebench({"report", dir, "--format", "json", "--keep-other-builds"});
  EXPECT_EQ(all.err, "");
  EXPECT_THAT(all.out, HasSubstr("\"repetition\": 1"));
}

TEST_F(MoebenchTest, ResultsOfAnotherWorkerAreKeptWhereThatIsAskedFor) {
  EXPECT_EQ(moebench({"run", "file.yaml", "--filter", "parallelism=fsdp"}).exit_code, 0);
  worker_.rebuild();
  const Output second = moebench({"run", "file.yaml", "--keep-other-builds"});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, AllOf(HasSubstr("note: 1 result by another program"), HasSubstr("kept"),
                                HasSubstr("1 repetitions to run, 1 already ok")));
  EXPECT_EQ(num_lines(), 2U);
  EXPECT_THAT(second.out, AllOf(HasSubstr("program"), HasSubstr("are of 2 programs")));
}

TEST_F(MoebenchTest, ARecordSaysWhatTheMachineDidMeanwhile) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  for (const record::CellRecord& record : record::load(results())) {
    EXPECT_GT(record.value("run_time").value(), 0);
    EXPECT_GE(record.value("swap_growth").value(), 0);
    EXPECT_GE(record.value("other_cores").value_or(0), 0);
  }
}

TEST_F(MoebenchTest, RecordsSayWhatTheirScenarioComparesWith) {
  const auto baselines = [this] {
    std::set<std::string> found;
    for (const record::CellRecord& record : record::load(results())) {
      for (const record::ScenarioPlace& place : record.scenarios) found.insert(place.baseline);
    }
    return found;
  };
  EXPECT_EQ(moebench({"run", "file.yaml", "--baseline", "parallelism=ep"}).exit_code, 0);
  EXPECT_THAT(baselines(), ElementsAre("parallelism=ep"));
  EXPECT_EQ(moebench({"run", "file.yaml", "--filter", "parallelism=fsdp"}).exit_code, 0);
  EXPECT_THAT(baselines(), ElementsAre("")) << "of every record of the scenario";
  const Output wrong = moebench({"run", "file.yaml", "--baseline", "paralelism=ep"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--baseline: no axis 'paralelism'; did you mean"));
}

TEST_F(MoebenchTest, ADisturbedRoundIsMadeAgain) {
  worker_.set_mode("moved");
  worker_.set_only_for("parallelism: ep");
  const std::vector<std::string> run = {"run",       "file.yaml", "--ranks",      "1",
                                        "--repeats", "3",         "--busy-cores", "1000"};
  const Output first = moebench(run);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, AllOf(HasSubstr("6 repetitions to run, 0 already ok, order rounds"),
                               HasSubstr("repetition 1: the machine changed: cpu_model is "),
                               HasSubstr(": run again\n"), HasSubstr("[2/2] ")));
  EXPECT_GE(record::load(results()).size(), 8U) << "more where the machine swapped";
  EXPECT_THAT(moebench(run).err, HasSubstr(": 0 repetitions to run, "));
  std::vector<std::string> keep = run;
  keep.insert(keep.end(), {"--keep-disturbed"});
  EXPECT_THAT(moebench(keep).err, HasSubstr("0 repetitions to run, 6 already ok"));
}

TEST_F(MoebenchTest, OneRepetitionEndsWithTheCommandThatTells) {
  const Output single = moebench({"run", "file.yaml", "--only", "quick", "--out", "a b"});
  EXPECT_THAT(single.err, EndsWith("one repetition proves no gain; this goes on until gains are "
                                   "told: moebench run file.yaml --only quick --out 'a b' "
                                   "--repeats auto\n"));
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--filter", "parallelism=ep"}, {"--repeats", "2"}}) {
    std::vector<std::string> words = {"run", "file.yaml"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_THAT(moebench(words).err, Not(HasSubstr("proves no gain"))) << more.front();
  }
}

TEST_F(MoebenchTest, AutoRepeatsUntilItsGainsAreTold) {
  const std::vector<std::string> run = {"run", "file.yaml", "--repeats", "auto",
                                        "--keep-disturbed"};
  std::vector<std::string> dry = run;
  dry.insert(dry.end(), {"--dry-run"});
  EXPECT_THAT(moebench(dry).out, HasSubstr("run repetition 2, of 3 to 10"));
  const Output output = moebench(run);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.err,
              AllOf(HasSubstr("2 rounds: parallelism=ep"), HasSubstr("3 rounds: parallelism=ep"),
                    HasSubstr("±5 % is reached\n")));
  const auto records = record::load(results());
  EXPECT_EQ(records.size(), 6U) << "the fake worker's times never differ";
  EXPECT_EQ(records[0].environment.at("repeats"), "auto, 3 to 10, gain_width 0.05");
  EXPECT_THAT(moebench(run).err, HasSubstr("0 repetitions to run, 6 already ok"));
  EXPECT_THAT(moebench({"run", "file.yaml", "--repeats", "often"}).err,
              HasSubstr("--repeats: 'often' is no whole number from 1 to 10000"));
}

TEST_F(MoebenchTest, FailedCellExits3AndTheNextRunCompletes) {
  worker_.set_mode("kill");
  worker_.set_only_for("parallelism: ep");
  const Output failed = moebench({"run", "file.yaml"});
  EXPECT_EQ(failed.exit_code, 3) << failed.err;
  EXPECT_THAT(failed.out, HasSubstr("CRASHED"));
  EXPECT_EQ(record::load(results())[1].disposition, record::Disposition::kCrashed);

  worker_.set_mode("ok");
  const Output completed = moebench({"run", "file.yaml"});
  EXPECT_EQ(completed.exit_code, 0) << completed.err;
  EXPECT_THAT(completed.err, HasSubstr("1 repetitions to run, 1 already ok"));
  EXPECT_EQ(num_lines(), 3U);
  EXPECT_EQ(record::load(results()).size(), 2U);
}

TEST_F(MoebenchTest, VerifyResumeFailsWhereARunDoes) {
  worker_.set_mode("crash");
  worker_.set_only_for("parallelism: ep");
  const Output output = moebench({"verify-resume", "file.yaml", "--steps-before", "1"});
  EXPECT_EQ(output.exit_code, 3) << output.err;
  EXPECT_THAT(output.out,
              AllOf(HasSubstr("the straight run is crashed: rank 1 ended with exit code 7"),
                    HasSubstr("FAILED")));
  // This worker saves nothing.
  EXPECT_THAT(output.out, HasSubstr("not measured, or not on every rank: checkpoint_save_time"));
  EXPECT_EQ(record::load(folder_.path() / "results" / "file-verify").size(), 2U);
  EXPECT_EQ(moebench({"verify-resume", "file.yaml", "--steps-before", "3"}).exit_code, 2);
}

TEST_F(MoebenchTest, TimeLimitGivesATimedOutRecord) {
  worker_.set_mode("hang");
  const Output output =
      moebench({"run", "file.yaml", "--filter", "parallelism=ep", "--time-limit", "1.5"});
  EXPECT_EQ(output.exit_code, 3);
  EXPECT_EQ(record::load(results())[0].disposition, record::Disposition::kTimedOut);
  EXPECT_EQ(worker_.count_sleepers(), 0);
}

TEST_F(MoebenchTest, ARunWithoutProgressIsTimedOut) {
  worker_.set_mode("mute");
  const Output output =
      moebench({"run", "file.yaml", "--filter", "parallelism=ep", "--progress-limit", "1"});
  EXPECT_EQ(output.exit_code, 3);
  EXPECT_THAT(output.err, HasSubstr("a repetition is ended after 1 s without progress"));
  EXPECT_THAT(output.out, HasSubstr("TIMED OUT"));
  EXPECT_THAT(record::load(results())[0].message, HasSubstr("no progress for 1 s"));
  worker_.set_mode("ok");
  EXPECT_THAT(moebench({"run", "file.yaml", "--filter", "parallelism=fsdp"}).err,
              HasSubstr("is ended after 601 s without progress"));
}

TEST_F(MoebenchTest, MpirunIsAskedForItsVersionOnceARun) {
  const fs::path bin = folder_.path() / "bin";
  fs::create_directories(bin);
  write_file_atomically(bin / "mpirun",
                        "#!/bin/bash\nPATH=${PATH#*:}\n"
                        "[[ $1 != --version ]] || echo asked >>" +
                            (bin / "asked").string() + "\nexec mpirun \"$@\"\n");
  fs::permissions(bin / "mpirun", fs::perms::owner_all);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (bin.string() + ":" + path).c_str(), 1);
  const Output output = moebench({"run", "file.yaml", "--repeats", "2", "--keep-disturbed"});
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(read_file(bin / "asked"), "asked\n");
  EXPECT_THAT(record::load(results())[0].environment.at("launcher_version"), HasSubstr("mpirun"));
}

TEST_F(MoebenchTest, InterruptKeepsResultsAndLeavesNoProcess) {
  EXPECT_EQ(moebench({"run", "file.yaml", "--filter", "parallelism=fsdp"}).exit_code, 0);
  const pid_t pid = start_hanging_run();
  ::kill(pid, SIGINT);
  const Output output = finish(pid);
  EXPECT_EQ(output.exit_code, 130) << output.err;
  EXPECT_THAT(output.err, HasSubstr("run again to continue"));
  EXPECT_EQ(num_lines(), 1U);
  EXPECT_EQ(worker_.count_sleepers(), 0);
}

TEST_F(MoebenchTest, TwoRunsDoNotShareAFolder) {
  const pid_t pid = start_hanging_run();
  const Output second = moebench({"run", "file.yaml"});
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.err, HasSubstr("moebench: error: another run writes to"));
  ::kill(pid, SIGTERM);
  EXPECT_EQ(finish(pid).exit_code, 130);
}

TEST_F(MoebenchTest, FreshStartsOver) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  write_file_atomically(results() / "notes.txt", "mine");
  const Output output = moebench({"run", "file.yaml", "--fresh"});
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_THAT(output.err, HasSubstr("2 repetitions to run, 0 already ok"));
  EXPECT_EQ(num_lines(), 2U);
  EXPECT_TRUE(fs::exists(results() / "notes.txt"));
}

TEST_F(MoebenchTest, DryRunWritesNothing) {
  const Output before = moebench({"run", "file.yaml", "--dry-run"});
  EXPECT_EQ(before.exit_code, 0);
  EXPECT_THAT(before.out,
              AllOf(HasSubstr("run repetition 0"), HasSubstr(" MB"),
                    HasSubstr("to run: 2 cells, 2 repetitions"), HasSubstr("time: not known")));
  EXPECT_THAT(before.out, Not(HasSubstr("To gate")));
  EXPECT_FALSE(fs::exists(results()));
  moebench({"run", "file.yaml", "--filter", "parallelism=fsdp"});
  EXPECT_THAT(moebench({"run", "file.yaml", "--dry-run"}).out,
              AllOf(HasSubstr("skip repetition 0, recorded ok"), HasSubstr("run repetition 0\n"),
                    HasSubstr("to run: 1 cell, 1 repetition;")));
}

TEST_F(MoebenchTest, SetCountsInsteadOfTheFile) {
  const Output output =
      moebench({"run", "file.yaml", "--set", "seq_len=[8, 32],settings.warmup_steps=2", "--filter",
                "parallelism=fsdp"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  const auto records = record::load(results());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].axis("seq_len"), "8");
  EXPECT_EQ(records[1].axis("seq_len"), "32");
  EXPECT_THAT(output.err, HasSubstr("--set 'seq_len=[8, 32],settings.warmup_steps=2'"))
      << "in the command that tells more";
  const Output wrong = moebench({"list", "file.yaml", "--set", "seq_len=65"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("error: --set seq_len=65: axis 'seq_len': 65 is more than"));
  EXPECT_THAT(moebench({"list", "file.yaml", "--set", "ranks=1", "--ranks", "2"}).err,
              HasSubstr("--ranks and --set both set the ranks"));
}

TEST_F(MoebenchTest, ListTellsWhatACellsRunsTakeTogether) {
  EXPECT_THAT(moebench({"list", "file.yaml"}).out,
              AllOf(HasSubstr("in all: 2 cells, 2 repetitions; largest memory"),
                    HasSubstr("time: not known, none of them has run before in results/file"),
                    HasSubstr("cells of slow scenarios, not counted: 1")));
  EXPECT_EQ(moebench({"run", "file.yaml", "--filter", "parallelism=ep"}).exit_code, 0);
  EXPECT_THAT(moebench({"list", "file.yaml"}).out,
              HasSubstr("for 1 of 2 cells, the others have not run before, by 1 earlier "
                        "repetition in results/file"));
  EXPECT_THAT(moebench({"list", "file.yaml", "--format", "json"}).out,
              AllOf(HasSubstr("\"listing_version\": 1"), HasSubstr("\"timed_cells\": 1")));
}

TEST_F(MoebenchTest, WhatDoesNotFitIsRefusedUnlessForced) {
  std::string model = kModel;
  model.replace(model.find("num_hidden_layers\": 2"), 21, "num_hidden_layers\": 2000");
  model.replace(model.find("intermediate_size\": 32"), 22, "intermediate_size\": 9000000");
  write_file_atomically(folder_.path() / "models" / "huge.json", model);
  EXPECT_THAT(moebench({"list", "file.yaml", "--set", "model=huge"}).out,
              HasSubstr("does not fit: "));
  for (const char* command : {"run", "profile", "calibrate"}) {
    const Output refused = moebench({command, "file.yaml", "--set", "model=huge"});
    EXPECT_EQ(refused.exit_code, 2) << command;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("error: 2 cells are too large for the memory here:\n"),
                                   HasSubstr("parallelism=fsdp ep_degree=1: does not fit: "),
                                   HasSubstr("parallelism=ep ep_degree=2: does not fit: "),
                                   HasSubstr("--force")));
  }
  EXPECT_FALSE(fs::exists(folder_.path() / "results"));
  const Output forced = moebench({"run", "file.yaml", "--set", "model=huge", "--force"});
  EXPECT_EQ(forced.exit_code, 0) << forced.err;
  EXPECT_THAT(forced.err, HasSubstr("warning: 2 cells are too large"));
}

TEST_F(MoebenchTest, AllThatIsWrongIsSaidBeforeAnythingStarts) {
  write_file_atomically(folder_.path() / "file.yaml", R"(
defaults: {axes: {model: toy, ranks: 2, seq_len: 16}}
scenarios:
  - name: texts
    axes: {micro_batch: [1, 2]}
    settings: {data: {source: text, files: missing.txt}}
  - {name: traces, axes: {routing: trace(missing.trace)}}
  - {name: weights, settings: {load_from: missing-weights}}
)");
  ::setenv("MOEBENCH_RANK_PROGRAM", (folder_.path() / "missing").c_str(), 1);
  for (const char* command : {"run", "verify-resume"}) {
    const Output output = moebench({command, "file.yaml"});
    EXPECT_EQ(output.exit_code, 2);
    EXPECT_THAT(output.err, AllOf(HasSubstr("error: 4 problems, nothing was started:\n- "),
                                  HasSubstr("MOEBENCH_RANK_PROGRAM"), HasSubstr("missing.txt"),
                                  HasSubstr("missing.trace"), HasSubstr("missing-weights")));
  }
  EXPECT_FALSE(fs::exists(folder_.path() / "results"));
}

TEST_F(MoebenchTest, WhatIsMostLikelyNotMeantIsSaidOnce) {
  const Output output = moebench({"run", "file.yaml", "--set", "settings.threads_per_rank=4000",
                                  "--ranks", "1", "--repeats", "2", "--keep-disturbed"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  const auto count = [&](const std::string& text) {
    const std::size_t at = output.err.find(text);
    return at == std::string::npos ? 0 : output.err.find(text, at + 1) == std::string::npos ? 1 : 2;
  };
  EXPECT_EQ(count("warning: more threads (ranks x threads_per_rank) than the "), 1) << output.err;
  EXPECT_EQ(count("warning: ep_degree is 1, so that no experts are split over ranks, in 1 cell: "
                  "parallelism=ep\n"),
            1)
      << output.err;
}

TEST_F(MoebenchTest, ACellThatFailsAlikeIsNotStartedAgainAndAgain) {
  worker_.set_mode("crash");
  worker_.set_only_for("parallelism: ep");
  const Output output = moebench({"run", "file.yaml", "--repeats", "5", "--keep-disturbed"});
  EXPECT_EQ(output.exit_code, 3) << output.err;
  EXPECT_THAT(output.err, HasSubstr("note: 3 more of parallelism=ep ep_degree=2 are not started, "
                                    "since it has failed twice alike\n"));
  EXPECT_EQ(num_lines(), 7U);
  EXPECT_THAT(moebench({"run", "file.yaml", "--repeats", "5", "--dry-run"}).out,
              HasSubstr("to run: 1 cell, 5 repetitions"));
}

TEST_F(MoebenchTest, ARunWhoseFirstCellsCannotStartEnds) {
  worker_.set_mode("broken");
  const Output output =
      moebench({"run", "file.yaml", "--ranks", "1", "--set", "seq_len=[8, 16, 32]"});
  EXPECT_EQ(output.exit_code, 3) << output.err;
  EXPECT_THAT(
      output.err,
      HasSubstr("note: 3 of 6 repetitions are not started: the first 3 cells have all "
                "failed before their first step, the last one as crashed: rank 0 ended with exit "
                "code 7"));
  EXPECT_EQ(num_lines(), 3U);
}

TEST_F(MoebenchTest, FailFastEndsAfterTheFirstFailure) {
  worker_.set_mode("crash");
  const Output output = moebench({"run", "file.yaml", "--repeats", "2", "--fail-fast"});
  EXPECT_EQ(output.exit_code, 3) << output.err;
  EXPECT_THAT(output.err, HasSubstr("note: 3 of 4 repetitions are not started: --fail-fast"));
  EXPECT_EQ(num_lines(), 1U);
  worker_.set_mode("ok");
  EXPECT_EQ(moebench({"run", "file.yaml", "--repeats", "2", "--keep-disturbed"}).exit_code, 0);
}

TEST_F(MoebenchTest, RepeatsRunInRounds) {
  const Output output = moebench({"run", "file.yaml", "--repeats", "2", "--ranks", "1", "--filter",
                                  "parallelism=fsdp", "--only", "quick"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.err, AllOf(HasSubstr("order rounds"), HasSubstr("[2/2] quick #1 ok")));
  const auto records = record::load(results());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].repetition, 1);
  EXPECT_EQ(records[1].axis("ranks"), "1");
}

TEST_F(MoebenchTest, ListMarksSlowScenarios) {
  const Output output = moebench({"list", "file.yaml"});
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_THAT(output.out, AllOf(HasSubstr("quick"), HasSubstr("long"), HasSubstr("slow"),
                                HasSubstr("memory/rank"), HasSubstr("model=toy")));
}

TEST_F(MoebenchTest, ReportWritesEveryFormat) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  const std::string dir = results().string();
  EXPECT_THAT(moebench({"report", dir, "--format", "csv"}).out, HasSubstr("tokens_per_second"));
  EXPECT_THAT(moebench({"report", dir, "--format", "json"}).out, HasSubstr("\"schema_version\""));
  EXPECT_THAT(moebench({"report", dir, "--fms-table"}).out, HasSubstr("mem_peak"));
  EXPECT_EQ(moebench({"report", dir, "--reference", "parallelism=ep", "--out", "table.md"}).out,
            "");
  EXPECT_THAT(read_file(folder_.path() / "table.md"), HasSubstr("|"));
  EXPECT_EQ(moebench({"report", dir, "--reference", "colour=red"}).exit_code, 2);
}

TEST_F(MoebenchTest, ReportShowsPictures) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  const std::string dir = results().string();
  EXPECT_THAT(moebench({"report", dir, "--format", "html"}).out,
              AllOf(HasSubstr("<figure data-kind="), HasSubstr("</html>")));
  const Output unnamed = moebench({"report", dir, "--format", "svg"});
  EXPECT_EQ(unnamed.exit_code, 2);
  EXPECT_THAT(unnamed.err, AllOf(HasSubstr("name it with --figure"), HasSubstr("steps")));
  const Output other = moebench({"report", dir, "--format", "csv", "--figure", "steps"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("use --format svg"));
}

TEST_F(MoebenchTest, DoctorPrintsWhatTheMachineGives) {
  const Output text = moebench({"doctor", "--threads", "3"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("## What would disturb a measurement"),
                              HasSubstr("each rank, all together"), HasSubstr("| 4 MiB |"),
                              HasSubstr("- threads_per_rank: 3")));
  const Output json = moebench({"doctor", "--ranks", "1", "--quick", "--format", "json"});
  EXPECT_EQ(json.exit_code, 0) << json.err;
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"gemm_fp32_alone\""), Not(HasSubstr("all_gather"))));
  worker_.set_mode("crash");
  const Output failed = moebench({"doctor"});
  EXPECT_EQ(failed.exit_code, 70);
  EXPECT_THAT(failed.err, HasSubstr("the worker gives up"));
}

TEST_F(MoebenchTest, WrongUseExits2) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"fly"},
           {"run"},
           {"run", "no-such-file.yaml"},
           {"run", "file.yaml", "--order", "sideways"},
           {"run", "file.yaml", "--filter", "parallelism"},
           {"run", "file.yaml", "--only", "nothing"},
           {"report", "no-such-folder"},
           {"make-checkpoint", "--model", "no-such-model", "--out", "x"}}) {
    const Output output = moebench(words);
    EXPECT_EQ(output.exit_code, 2) << output.err;
    EXPECT_THAT(output.err, ::testing::StartsWith("moebench: error: "));
    EXPECT_EQ(output.out, "");
  }
}

TEST_F(MoebenchTest, WithoutWordsTheFirstStepsStandOnStderr) {
  const Output output = moebench({});
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_EQ(output.out, "");
  EXPECT_THAT(output.err, HasSubstr("First steps:"));
  EXPECT_EQ(moebench({"help", "run"}).exit_code, 0);
}

// What the machine cannot do is not what the user has written wrongly, whichever command it hits.
TEST_F(MoebenchTest, EachCommandTellsAFullDiskFromAWrongPath) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  write_file_atomically(folder_.path() / "raw.csv",
                        "model_name_or_path,num_gpus,framework_config,train_runtime\n"
                        "Mixtral-8x7B,8,none,4019\n");
  write_file_atomically(folder_.path() / "other.log",
                        "it 1 took 1 s\nit 2 took 1 s\nit 3 took 1 s\n");
  const std::string pattern = "it (?<step>\\d+) took (?<time_s>\\d+) s";
  const std::string dir = results().string();
  const std::string below_a_file = (folder_.path() / "file.yaml" / "x").string();
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"report", dir, "--out"},
           {"make-checkpoint", "--model", "models/toy.json", "--out"},
           {"adopt", "other.log", "--adapter", "regex", "--pattern", pattern, "--set", "ranks=1",
            "--out"},
           {"import", "fms", "raw.csv", "--out"},
           {"baseline", "save", "b", dir, "--store"},
           {"run", "file.yaml", "--out"}}) {
    std::vector<std::string> there = words, nowhere = words;
    there.push_back((folder_.path() / "target").string());
    nowhere.push_back(below_a_file);
    const Output full = finish(start_moebench(there, folder_.path(), [] { limit_file_size(600); }));
    EXPECT_EQ(full.exit_code, 70) << words.front() << ": " << full.err;
    EXPECT_THAT(full.err, AllOf(HasSubstr("moebench: failed: "), HasSubstr("File too large")));
    fs::remove_all(folder_.path() / "target");
    const Output wrong = moebench(nowhere);
    EXPECT_EQ(wrong.exit_code, 2) << words.front() << ": " << wrong.err;
    EXPECT_THAT(wrong.err, HasSubstr("moebench: error: "));
  }
}

TEST_F(MoebenchTest, ABadLineCostsThatLineAndIsKept) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  const std::string lines = read_file(results() / "results.jsonl");
  write_file_atomically(results() / "results.jsonl", "garbage\n" + lines);
  const Output report = moebench({"report", results().string()});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  const auto names_it =
      AllOf(HasSubstr("warning: "), HasSubstr("results.jsonl:1: is no valid JSON"),
            HasSubstr("the line is left out"));
  EXPECT_THAT(report.err, names_it);
  EXPECT_THAT(report.out, names_it);
  EXPECT_THAT(report.out, AllOf(HasSubstr("fsdp"), HasSubstr("ep")));
  const std::string file = (results() / "results.jsonl").string();
  EXPECT_EQ(moebench({"report", file}).out, report.out) << "of the file itself";
  const Output run = moebench({"run", "file.yaml"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(names_it, HasSubstr("that line is kept in ")));
  EXPECT_EQ(read_file(results() / "results.jsonl"), lines);
  EXPECT_EQ(read_file(results() / "results.jsonl.bad"), "garbage\n");
  EXPECT_THAT(moebench({"run", "file.yaml"}).err, Not(HasSubstr("warning: ")));
}

TEST_F(MoebenchTest, AFullDiskExits70AndKeepsWhatIsRecorded) {
  EXPECT_EQ(moebench({"run", "file.yaml", "--filter", "parallelism=fsdp"}).exit_code, 0);
  // A limit of file sizes stands for the disk; it is below what a cell file needs.
  const Output full =
      finish(start_moebench({"run", "file.yaml"}, folder_.path(), [] { limit_file_size(1024); }));
  EXPECT_EQ(full.exit_code, 70) << full.err;
  EXPECT_THAT(full.err, AllOf(HasSubstr("cell.yaml"), HasSubstr("File too large"),
                              HasSubstr("every repetition that was recorded is kept")));
  EXPECT_EQ(num_lines(), 1U);
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  EXPECT_EQ(num_lines(), 2U);
}

// These set what stdout is in the new process.
void make_stdout_full() { ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO); }
void close_stdout() { ::close(STDOUT_FILENO); }
void leave_stdout_without_reader() {
  int ends[2];
  if (::pipe(ends) != 0) ::_exit(126);
  ::dup2(ends[1], STDOUT_FILENO);
  ::close(ends[0]);
}

TEST_F(MoebenchTest, OutputThatIsLostExits70) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  const std::string dir = results().string(), before = read_file(results() / "results.jsonl");
  struct Broken {
    void (*prepare)();
    const char* reason;
  };
  for (const Broken& broken : {Broken{make_stdout_full, "No space left on device"},
                               Broken{close_stdout, "Bad file descriptor"},
                               Broken{leave_stdout_without_reader, "Broken pipe"}}) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"list", "file.yaml"},
                                               {"run", "file.yaml"},
                                               {"run", "file.yaml", "--dry-run"},
                                               {"report", dir},
                                               {"report", dir, "--format", "csv"},
                                               {"report", dir, "--out", "/dev/stdout"},
                                               {"--help"}}) {
      const Output output = finish(start_moebench(words, folder_.path(), broken.prepare));
      EXPECT_EQ(output.exit_code, 70) << words[0] << output.err;
      EXPECT_THAT(output.err, AllOf(HasSubstr("cannot write "), HasSubstr(broken.reason)));
    }
  }
  EXPECT_EQ(read_file(results() / "results.jsonl"), before);
}

TEST_F(MoebenchTest, ACellThatFailedStaysTheExitCodeWhateverIsLost) {
  worker_.set_mode("crash");
  const Output output =
      finish(start_moebench({"run", "file.yaml"}, folder_.path(), make_stdout_full));
  EXPECT_EQ(output.exit_code, 3);
  EXPECT_THAT(output.err, HasSubstr("cannot write to stdout: No space left on device"));
}

TEST_F(MoebenchTest, AReportKeepsWhatItsPathIs) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  const std::string dir = results().string();
  write_file_atomically(folder_.path() / "real.md", "old");
  fs::create_symlink("real.md", folder_.path() / "link.md");
  EXPECT_EQ(moebench({"report", dir, "--out", "link.md"}).exit_code, 0);
  EXPECT_TRUE(fs::is_symlink(folder_.path() / "link.md"));
  EXPECT_THAT(read_file(folder_.path() / "real.md"), HasSubstr("mem_peak"));
  EXPECT_THAT(moebench({"report", dir, "--out", "/dev/stdout"}).out, HasSubstr("mem_peak"));
  for (const char* wrong : {"models", "no/such/folder.md", "real.md/x"}) {
    const Output output = moebench({"report", dir, "--out", wrong});
    EXPECT_EQ(output.exit_code, 2);
    EXPECT_THAT(output.err, HasSubstr(std::string("cannot write '") + wrong + "': "));
  }
  const Output own = moebench({"report", dir, "--out", "results/file/results.jsonl"});
  EXPECT_EQ(own.exit_code, 2);
  EXPECT_THAT(own.err, HasSubstr("holds the results themselves"));
  EXPECT_EQ(num_lines(), 2U);
}

// mpirun that ends before any rank does, as where it lacks a plugin, memory or a network.
TEST_F(MoebenchTest, ALauncherThatEndsEarlyIsQuoted) {
  const fs::path program = folder_.path() / "path" / "mpirun";
  fs::create_directories(program.parent_path());
  write_file_atomically(program,
                        "#!/bin/sh\n[ \"$1\" = --version ] && exit\n"
                        "echo 'launcher: plugin \033[31mx is not <installed> here' >&2\nexit 1\n");
  fs::permissions(program, fs::perms::owner_all);
  const std::string path = std::getenv("PATH");
  const Output output = finish(start_moebench(
      {"run", "file.yaml", "--ranks", "512", "--filter", "parallelism=fsdp"}, folder_.path(),
      [&] { ::setenv("PATH", (program.parent_path().string() + ":" + path).c_str(), 1); }));
  EXPECT_EQ(output.exit_code, 3) << output.err;
  const std::string log = (results() / "cells").string();
  EXPECT_THAT(output.err, AllOf(HasSubstr("exit code 1; no result of ranks 0-511 of 512"),
                                HasSubstr("launcher: plugin \\x1b[31mx is not <installed> here"),
                                HasSubstr("log: " + log), HasSubstr("/0/stderr")));
  EXPECT_THAT(output.out, AllOf(HasSubstr("CRASHED"), HasSubstr("x is not &lt;installed&gt; here"),
                                HasSubstr("log: " + log), Not(HasSubstr("\x1b"))));
}

TEST_F(MoebenchTest, SeveralFoldersAreReportedAndSetSideBySide) {
  for (const std::string out : {"old", "new"}) {
    ASSERT_EQ(moebench({"run", "file.yaml", "--out", out}).exit_code, 0);
  }
  const Output report = moebench({"report", "old", "new/results.jsonl"});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_THAT(report.out, AllOf(HasSubstr("| old "), HasSubstr("| new ")));
  EXPECT_THAT(moebench({"report", "old", "new", "--format", "json", "--label", "a,b"}).out,
              HasSubstr("\"results\": \"b\""));
  const Output pivot = moebench({"report", "old", "new", "--rows", "parallelism", "--columns",
                                 "results", "--values", "runtime"});
  EXPECT_THAT(pivot.out, AllOf(HasSubstr("### runtime by results"), HasSubstr("geometric mean")));
  const Output diff = moebench({"diff", "old", "new", "--filter", "parallelism=ep"});
  EXPECT_EQ(diff.exit_code, 0) << diff.err;
  EXPECT_THAT(diff.out, HasSubstr("### results old → new"));
  const Output arms =
      moebench({"diff", "old", "--from", "parallelism=fsdp", "--to", "parallelism=ep"});
  EXPECT_THAT(arms.out, HasSubstr("parallelism fsdp → ep"));
  EXPECT_EQ(moebench({"diff", "old"}).exit_code, 2);
  EXPECT_EQ(moebench({"report", "old", "--rows", "model", "--values", "runtime"}).exit_code, 2);
}

TEST_F(MoebenchTest, MissingWorkerExits2BeforeAnythingIsWritten) {
  ::setenv("MOEBENCH_RANK_PROGRAM", (folder_.path() / "missing").c_str(), 1);
  const Output output = moebench({"run", "file.yaml"});
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_THAT(output.err, HasSubstr("MOEBENCH_RANK_PROGRAM"));
  EXPECT_FALSE(fs::exists(results()));
}

TEST_F(MoebenchTest, HelpAndVersionExit0) {
  const Output help = moebench({"run", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(help.out, read_file(std::string(MOEBENCH_GOLDEN_FOLDER) + "/help_run.txt"));
  const Output version = moebench({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, ::testing::MatchesRegex("moebench [0-9.]+ \\(git .*\\)\n"));
}

TEST_F(MoebenchTest, MakeCheckpointWritesAFolder) {
  const Output output = moebench({"make-checkpoint", "--model", "models/toy.json", "--out", "made",
                                  "--shard-size", "4kB", "--dtype", "fp32"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_TRUE(fs::exists(folder_.path() / "made" / "model.safetensors.index.json"));
}

// With a stand-in for a Python that has the package: every byte stays a token.
TEST_F(MoebenchTest, TextIsEncodedBeforeRanksStart) {
  write_file_atomically(folder_.path() / "text", "one sample\n\nand another");
  write_file_atomically(folder_.path() / "tokenizer.json", "{}");
  const auto run = [&](const std::string& model) {
    write_file_atomically(folder_.path() / "file.yaml",
                          "scenarios:\n- name: s\n  axes: {model: " + model +
                              ", ranks: 2, seq_len: 16}\n  settings: {steps: 2, warmup_steps: 1, "
                              "data: {source: text, files: text, tokenizer: tokenizer.json}}\n");
    return moebench({"run", "file.yaml"});
  };
  ::setenv("MOEBENCH_PYTHON", "/bin/false", 1);
  const Output missing = run("toy");
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("install it with tools/setup --tokenizer or pip install"));

  const fs::path python = folder_.path() / "python";
  write_file_atomically(python,
                        "#!/bin/sh\n"
                        "if [ $# = 2 ]; then echo 'tokenizers 1.0'; else cp \"$4\" \"$5\"; fi\n");
  fs::permissions(python, fs::perms::owner_all);
  ::setenv("MOEBENCH_PYTHON", python.c_str(), 1);
  const Output small = run("{base: toy, vocab_size: 100}");
  EXPECT_EQ(small.exit_code, 2);
  EXPECT_THAT(small.err, HasSubstr("makes token 255 of the text, but model 'toy(vocab_size=100)' "
                                   "has a vocabulary of 100"));
  EXPECT_FALSE(fs::exists(results() / "cells"));

  const Output output = run("toy");
  ::unsetenv("MOEBENCH_PYTHON");
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(output.err,
              AllOf(HasSubstr("data: 2 samples of 21 tokens"), Not(HasSubstr("encoding"))))
      << "the other model has had it encoded";
  const record::CellRecord record = record::load(results()).front();
  EXPECT_THAT(read_file(results() / "cells" / record.id / "0" / "cell.yaml"),
              HasSubstr("\nencoded_data: \"" + (results() / "tokens").string()));
}

TEST_F(MoebenchTest, MakeCheckpointTakesKeysOfTheModel) {
  const auto make = [&](const std::string& model) {
    return moebench({"make-checkpoint", "--model", model, "--out", "made"});
  };
  const Output wrong = make("{base: models/toy.json, num_hiden_layers: 1}");
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean 'num_hidden_layers'?"));
  const Output output = make("{base: models/toy.json, num_hidden_layers: 1}");
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_THAT(read_file(folder_.path() / "made" / "config.json"),
              HasSubstr("\"num_hidden_layers\": 1"));
}

}  // namespace
}  // namespace moebench
