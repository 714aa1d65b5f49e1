// Runs scenarios of other trainers as a user does; a program in plain Python stands for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "harness/base/file.h"
#include "harness/record/record.h"
#include "harness/testing/test_folder.h"
#include "harness/trainers/adapter.h"
#include "tools/moebench/moebench_testing.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;

using record::CellRecord;
using record::Disposition;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Optional;
using ::testing::StartsWith;

constexpr double kRelativeError = 1e-9;

bool has_mpirun() { return std::system("mpirun --version >/dev/null 2>&1") == 0; }

// The engines `spawner`, which starts its ranks, and `ranks`, whose ranks our launcher starts. Each
// parameter is a word of the command; {option} fails as plain_trainer.py is told to.
class EnginesCli : public ::testing::Test {
 protected:
  EnginesCli() {
    const fs::path source = MOEBENCH_TRAINERS;
    for (const char* name : {"moebench_events.py", "testing/plain_trainer.py"}) {
      folder_.write(fs::path("trainers") / name, read_file(source / name));
    }
    ::unsetenv("MOEBENCH_EVENTS");
    ::unsetenv("MOEBENCH_RANK_PROGRAM");
  }

  void SetUp() override {
    if (!fs::exists(MOEBENCH_PYTHON3)) GTEST_SKIP() << "cmake found no python3";
  }

  static std::string engine(const std::string& name, bool starts_ranks, const std::string& more) {
    return "  " + name +
           ":\n    command:\n      ['" MOEBENCH_PYTHON3
           "', '{scenario_folder}/trainers/testing/plain_trainer.py', --steps, '{total_steps}',\n"
           "       --warmup-steps, '{warmup_steps}', --seed, '{seed}', --padding-tokens, 24" +
           std::string(starts_ranks ? ", --spawn-ranks, '{world_size}'" : "") +
           (more.empty() ? "" : ", " + more) +
           "]\n    provides: {parallelism: fsdp}\n    starts_ranks: " +
           (starts_ranks ? "true\n" : "false\n");
  }

  // Two ranks of `name` in 1 + 4 steps; `scenario` are further lines of it.
  void write(const std::string& name, const std::string& more, const std::string& scenario) const {
    folder_.write("file.yaml", "engines:\n" + engine("spawner", true, more) +
                                   engine("ranks", false, more) +
                                   "scenarios:\n  - name: s\n    axes: {engine: " + name +
                                   ", ranks: 2, seed: 3}\n    settings: {steps: 4, "
                                   "warmup_steps: 1}\n" +
                                   scenario);
  }

  Output moebench(const std::vector<std::string>& words) const {
    return finish_moebench(start_moebench(words, folder_.path()), folder_.path());
  }

  // The only record of a run that ends so.
  CellRecord run(int exit_code, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"run", "file.yaml", "--fresh"};
    words.insert(words.end(), more.begin(), more.end());
    output_ = moebench(words);
    EXPECT_EQ(output_.exit_code, exit_code) << output_.err << output_.out;
    std::vector<CellRecord> records = record::load(folder_.path() / "results" / "file");
    EXPECT_EQ(records.size(), 1u);
    return records.empty() ? CellRecord{} : records.front();
  }

  CellRecord run_with(const std::string& engine, const std::string& option, int exit_code,
                      const std::vector<std::string>& more = {}) {
    write(engine, "--simulate-time, " + option, "");
    return run(exit_code, more);
  }

  fs::path repetition(const CellRecord& record) const {
    return folder_.path() / "results" / "file" / "cells" / record.id / "0";
  }

  // How many processes are alive that name this test's folder.
  int count_trainers() const {
    int count = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream in(entry.path() / "cmdline", std::ios::binary);
      const std::string command((std::istreambuf_iterator<char>(in)), {});
      count += command.find(folder_.path().string()) != std::string::npos ? 1 : 0;
    }
    return count;
  }

  std::string error(const std::string& engine, const std::string& scenario = "") const {
    folder_.write("bad.yaml", "engines:\n" + engine +
                                  "scenarios:\n  - {name: s, axes: {engine: mine, ranks: 2}" +
                                  scenario + "}\n");
    const Output output = moebench({"run", "bad.yaml"});
    EXPECT_EQ(output.exit_code, 2) << output.err;
    EXPECT_FALSE(fs::exists(folder_.path() / "results" / "bad" / "results.jsonl"));
    return output.err;
  }

  TestFolder folder_;
  Output output_;
};

// Both values of starts_ranks.
class EachStart : public EnginesCli, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    EnginesCli::SetUp();
    if (IsSkipped()) return;
    if (!has_mpirun() && engine_name() == "ranks") GTEST_SKIP() << "mpirun is not installed";
  }
  std::string engine_name() const { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Engines, EachStart, ::testing::Values("spawner", "ranks"),
                         [](const auto& start) { return std::string(start.param); });

// Time is simulated, so that a step takes what it is told to.
TEST_P(EachStart, NumbersFollowFromTheOptions) {
  const CellRecord record = run_with(engine_name(), "--step-ms, 20, --tokens, 1000", 0);
  EXPECT_EQ(record.disposition, Disposition::kOk) << record.message;
  const auto is = [](double value) { return Optional(DoubleNear(value, value * kRelativeError)); };
  EXPECT_THAT(record.value("runtime"), is(4 * 20e6));
  EXPECT_THAT(record.value("first_step_time"), is(20e6));
  EXPECT_THAT(record.value("load_time"), is(1e6));
  EXPECT_THAT(record.value("phase_time_backward"), is(12e6));
  EXPECT_THAT(record.value("real_tokens"), is(2 * 4 * 1000));
  EXPECT_THAT(record.value("tokens_per_second"), is(1000 / 20e-3));
  EXPECT_THAT(record.value("global_tokens_per_second"), is(2 * 1000 / 20e-3));
  EXPECT_EQ(record.metrics.at("loss").samples.size(), 4u);
  EXPECT_EQ(record.metrics.at("step_time").per_rank.size(), 2u);
  EXPECT_THAT(record.metrics.at("padding_tokens").per_rank, Each(Optional(4.0 * 24)));
  EXPECT_GT(record.value("process_wall_time").value_or(0), 0);
}

TEST_P(EachStart, ARecordSaysWhatWasRunAndRead) {
  const CellRecord record = run_with(engine_name(), "--step-ms, 1", 0);
  const bool starts_ranks = engine_name() == "spawner";
  const record::Environment& environment = record.environment;
  EXPECT_EQ(environment.at("launcher"), starts_ranks ? "direct" : "mpirun");
  EXPECT_EQ(environment.at("worker"), MOEBENCH_PYTHON3);
  EXPECT_EQ(environment.at("world_size"), "2");
  EXPECT_EQ(environment.at("adapter"), "events");
  EXPECT_EQ(environment.at("logs"), "events_0.jsonl events_1.jsonl");
  EXPECT_EQ(environment.at("trainer_tokens_scope"), "device");
  EXPECT_EQ(environment.at("command_line"), "moebench run file.yaml --fresh");
  EXPECT_EQ(record.axis("engine"), engine_name());
  EXPECT_EQ(record.axis("seed"), "3");
  EXPECT_EQ(record.axis("seq_len"), "") << "of which the engine takes no notice";
  EXPECT_EQ(fs::exists(repetition(record) / "rank.sh"), !starts_ranks);
}

TEST_P(EachStart, TheEventsAreOfEveryRank) {
  const fs::path folder = repetition(run_with(engine_name(), "--step-ms, 1", 0));
  const trainers::TrainerLog log = trainers::read_log(
      trainers::find_adapter("events"), {folder / "events_0.jsonl", folder / "events_1.jsonl"});
  EXPECT_EQ(log.world_size, 2);
  EXPECT_THAT(log.warnings, IsEmpty());
  ASSERT_EQ(log.ranks.size(), 2u);
  for (int rank = 0; rank < 2; ++rank) {
    const trainers::RankLog& of_rank = log.ranks[static_cast<std::size_t>(rank)];
    EXPECT_EQ(of_rank.rank, rank);
    EXPECT_EQ(of_rank.warmup_steps, 1);
    EXPECT_EQ(of_rank.steps.size(), 5u);
    EXPECT_GT(of_rank.steps.back().memory_bytes.value_or(0), 0);
  }
}

TEST_P(EachStart, ACrashKeepsWhatWasMeasured) {
  const CellRecord record =
      run_with(engine_name(), "--step-ms, 20, --crash-at-step, 4, --only-rank, 1", 3);
  EXPECT_EQ(record.disposition, Disposition::kCrashed);
  EXPECT_THAT(record.message,
              AllOf(HasSubstr("exit code 1"), HasSubstr("told to crash at step 4")));
  EXPECT_THAT(record.stderr_tail, HasSubstr("RuntimeError"));
  EXPECT_THAT(output_.out, HasSubstr("CRASHED"));
  // Rank 0 may have been ended before it came as far, which leaves fewer steps that both have.
  EXPECT_LE(record.value("runtime").value_or(0), 2 * 20e6 * (1 + kRelativeError));
}

TEST_P(EachStart, AHangIsEndedWithEveryProcess) {
  const CellRecord record =
      run_with(engine_name(), "--hang-at-step, 3", 3, {"--progress-limit", "2"});
  EXPECT_EQ(record.disposition, Disposition::kTimedOut);
  EXPECT_THAT(record.message, HasSubstr("no progress for 2 s in phase 'training'"));
  EXPECT_EQ(count_trainers(), 0);
}

TEST_F(EnginesCli, AnOverriddenModelsConfigIsInTheFolder) {
  folder_.write("models/tiny.json",
                R"({"model_type": "mixtral", "hidden_size": 8, "intermediate_size": 8,
                    "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
                    "vocab_size": 256})");
  folder_.write("file.yaml",
                "engines: {mine: {command: [test, -s, '{model_config}'], adapter: none}}\n"
                "scenarios:\n  - name: s\n    axes: {engine: mine, model: {base: tiny, "
                "num_hidden_layers: 5}}\n");
  const CellRecord record = run(0);
  EXPECT_EQ(record.axes.front().second, "tiny(num_hidden_layers=5)");
  EXPECT_THAT(read_file(repetition(record) / "config.json"), HasSubstr("\"num_hidden_layers\": 5"));
}

TEST_F(EnginesCli, ACrashOfAllRanksKeepsTheStepsBefore) {
  const CellRecord record = run_with("spawner", "--step-ms, 20, --crash-at-step, 1", 3);
  EXPECT_EQ(record.disposition, Disposition::kCrashed);
  EXPECT_THAT(record.metrics, Not(Contains(Key("runtime")))) << "not a step was";
  // Of one rank it is certain which steps it has.
  folder_.write("file.yaml", "engines:\n" +
                                 engine("spawner", true,
                                        "--simulate-time, --crash-at-step, 4, "
                                        "--step-ms, 20") +
                                 "scenarios:\n  - name: s\n    axes: {engine: spawner, ranks: 1}\n"
                                 "    settings: {steps: 4, warmup_steps: 1}\n");
  EXPECT_THAT(run(3).value("runtime"), Optional(DoubleNear(2 * 20e6, 1)));
}

TEST_F(EnginesCli, AHangOfTheTimeLimitIsOneToo) {
  const CellRecord record = run_with("spawner", "--hang-at-step, 3", 3, {"--time-limit", "2"});
  EXPECT_EQ(record.disposition, Disposition::kTimedOut);
  EXPECT_THAT(record.message, HasSubstr("time limit of 2 s"));
  EXPECT_EQ(count_trainers(), 0);
}

TEST_F(EnginesCli, MemoryThatIsOutIsNoCrash) {
  const CellRecord record = run_with("spawner", "--oom-at-step, 3", 3);
  EXPECT_EQ(record.disposition, Disposition::kOutOfMemory);
  EXPECT_THAT(record.message, HasSubstr("CUDA out of memory"));
  EXPECT_THAT(output_.out, HasSubstr("OOM"));
}

TEST_F(EnginesCli, ALossThatIsNoNumberIsIncorrect) {
  const CellRecord record = run_with("spawner", "--nan-at-step, 3", 3);
  EXPECT_EQ(record.disposition, Disposition::kIncorrect);
  EXPECT_EQ(record.message, "loss of step 3 is not finite");
}

TEST_F(EnginesCli, AnExitCodeCountsThoughAllStepsAreThere) {
  const CellRecord record = run_with("spawner", "--step-ms, 20, --exit-code, 9", 3);
  EXPECT_EQ(record.disposition, Disposition::kCrashed);
  EXPECT_THAT(record.message, HasSubstr("exit code 9"));
  EXPECT_THAT(record.value("runtime"), Optional(DoubleNear(80e6, 1)));
}

TEST_F(EnginesCli, ATornLineCostsNoStep) {
  const CellRecord whole = run_with("spawner", "--tear-last-line", 0);
  EXPECT_THAT(whole.warnings, Contains(HasSubstr("the last line is torn")));
  EXPECT_EQ(whole.metrics.at("loss").samples.size(), 4u);
  const CellRecord part = run_with("spawner", "--tear-last-line, --missing-steps, 2", 3);
  EXPECT_THAT(part.message, HasSubstr("the log has 3 of 5 steps"));
  EXPECT_EQ(part.metrics.at("loss").samples.size(), 2u);
}

TEST_F(EnginesCli, StepsThatAreMissingAreCounted) {
  write("spawner", "--simulate-time, --missing-steps, 4", "");
  std::string text = read_file(folder_.path() / "file.yaml");
  text.replace(text.find("steps: 4"), 8, "steps: 11");
  folder_.write("file.yaml", text);
  const CellRecord record = run(3);
  EXPECT_EQ(record.disposition, Disposition::kCrashed);
  EXPECT_THAT(record.message, HasSubstr("the log has 8 of 12 steps"));
}

// Both ranks print to the one file, the same lines.
TEST_F(EnginesCli, AnotherAdapterReadsWhatIsPrinted) {
  write("spawner", "--simulate-time", "");
  std::string text = read_file(folder_.path() / "file.yaml");
  text.replace(text.find("    provides:"), 0,
               "    adapter: regex\n    logs: '{out}/std*'\n"
               "    pattern: 'step (?<step>[0-9]+) loss (?<loss>[0-9.]+)'\n");
  folder_.write("file.yaml", text);
  const CellRecord record = run(0);
  EXPECT_EQ(record.environment.at("adapter"), "regex");
  EXPECT_EQ(record.environment.at("logs"), "stderr stdout");
  EXPECT_EQ(record.metrics.at("loss").samples.size(), 4u);
  EXPECT_THAT(record.metrics, Not(Contains(Key("runtime")))) << "no line says a time";
}

TEST_F(EnginesCli, WithoutEventsTheRecordSaysSo) {
  folder_.write("file.yaml",
                "engines: {mine: {command: [sh, -c, 'exit 0']}}\n"
                "scenarios: [{name: s, axes: {engine: mine}}]\n");
  EXPECT_THAT(run(3).message, HasSubstr("no events: nothing wrote the file that MOEBENCH_EVENTS"));
}

// By how much a machine may be slower nobody knows, but no sleep is shorter than it was told.
TEST_F(EnginesCli, RealTimeIsMeasured) {
  write("spawner", "--step-ms, 20", "");
  const CellRecord record = run(0);
  EXPECT_GE(record.value("runtime").value_or(0), 4 * 20e6);
  EXPECT_GE(record.value("process_wall_time").value_or(0), 5 * 20e6);
  EXPECT_GE(record.value("step_time").value_or(0), 20e6);
}

TEST_F(EnginesCli, ASecondRunSkipsUntilTheScriptIsAnother) {
  write("spawner", "--simulate-time", "");
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  EXPECT_THAT(moebench({"run", "file.yaml"}).err, HasSubstr("0 repetitions to run, 1 already ok"));

  const fs::path script = folder_.path() / "trainers" / "testing" / "plain_trainer.py";
  folder_.write("trainers/testing/plain_trainer.py", read_file(script) + "# changed\n");
  EXPECT_THAT(moebench({"run", "file.yaml", "--dry-run"}).out,
              HasSubstr("run again repetition 0, recorded ok by"));
  const Output again = moebench({"run", "file.yaml"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, AllOf(HasSubstr("note: 1 result by another program"),
                               HasSubstr("1 repetitions to run, 0 already ok")));
}

TEST_F(EnginesCli, ADryRunShowsTheCommandAndListTheParameters) {
  write("spawner", "--simulate-time, --step-ms, '{step_ms}'",
        "    parameters: {step_ms: [20, 40]}\n");
  const Output dry = moebench({"run", "file.yaml", "--dry-run", "--filter", "step_ms=40"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(
      dry.out,
      AllOf(HasSubstr("Commands of other engines:"),
            HasSubstr(folder_.path().string() + "/trainers/testing/plain_trainer.py"),
            HasSubstr("--seed 3"), HasSubstr("--spawn-ranks 2 --simulate-time --step-ms 40"),
            HasSubstr("/events_{rank}.jsonl'"), Not(HasSubstr("--step-ms 20"))));
  EXPECT_FALSE(fs::exists(folder_.path() / "results"));
  const Output list = moebench({"list", "file.yaml"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_THAT(list.out,
              AllOf(HasSubstr("all cells: engine=spawner parallelism=fsdp ranks=2 seed=3"),
                    HasSubstr("step_ms")));
  const Output wrong = moebench({"list", "file.yaml", "--filter", "step_ms=30"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("no cell has step_ms=30; its values are 20, 40"));
}

TEST_F(EnginesCli, AFilterTakesTheCellsOfAParameter) {
  write("spawner", "--simulate-time, --step-ms, '{step_ms}'",
        "    parameters: {step_ms: [20, 40]}\n");
  const CellRecord record = run(0, {"--filter", "step_ms=40"});
  EXPECT_EQ(record.axis("step_ms"), "40");
  EXPECT_THAT(record.value("runtime"), Optional(DoubleNear(160e6, 1)));
}

// Gains are those of an engine over itself: of another one they would compare two programs.
TEST_F(EnginesCli, AReportHasEachEnginesOwnGains) {
  std::string engines;
  for (const auto& [name, fsdp, ep] :
       {std::tuple("one", "40", "20"), std::tuple("two", "90", "30")}) {
    std::string text = engine(name, true, "--simulate-time, --step-ms, '{parallelism}'");
    text.replace(text.find("provides: {parallelism: fsdp}"), 29,
                 "values: {parallelism: {fsdp: " + std::string(fsdp) + ", ep: " + ep + "}}");
    engines += text;
  }
  folder_.write("file.yaml", "engines:\n" + engines +
                                 "scenarios:\n  - name: s\n    axes: {engine: [one, two], "
                                 "parallelism: [fsdp, ep], ranks: 2}\n"
                                 "    settings: {steps: 4, warmup_steps: 1}\n");
  const Output run = moebench({"run", "file.yaml"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const Output markdown = moebench({"report", "results/file", "--format", "markdown"});
  EXPECT_EQ(markdown.out, run.out);
  EXPECT_THAT(markdown.out, AllOf(HasSubstr("| runtime gain |"), HasSubstr("2.0x ?"),
                                  HasSubstr("3.0x ?"), HasSubstr("<summary>Processes</summary>"),
                                  HasSubstr("- engine one: its log read by adapter events")));
  EXPECT_THAT(moebench({"report", "results/file", "--format", "csv"}).out,
              AllOf(StartsWith("\"scenario\",\"id\",\"engine\",\"parallelism\","),
                    HasSubstr("\"one\",\"fsdp\","), HasSubstr("\"runtime\",\"ns\",")));
  EXPECT_THAT(moebench({"report", "results/file", "--format", "json"}).out,
              AllOf(HasSubstr("\"engine\": \"two\""), HasSubstr("\"adapter\": \"events\"")));
}

TEST_F(EnginesCli, WhatTheFileSaysWronglyIsNamedByItsLine) {
  const std::string fsdp = "  mine: {command: [train], provides: {parallelism: fsdp}}\n";
  EXPECT_THAT(error(fsdp, ", parameters: {x: 1}"),
              AllOf(HasSubstr("bad.yaml:4: "), HasSubstr("uses parameter 'x'")));
  EXPECT_THAT(error("  mine: {command: [train, '{sed}']}\n"),
              AllOf(HasSubstr("bad.yaml:2: "), HasSubstr("'{sed}'; did you mean 'seed'?")));
  EXPECT_THAT(error("  mine: {command: [train], logs: '{x}.log'}\n"), HasSubstr("bad.yaml:2: "));
  EXPECT_THAT(error("  mine: {command: [train], adapter: megatron}\n"),
              AllOf(HasSubstr("bad.yaml:2: "), HasSubstr("megatron")));
  folder_.write("bad.yaml", "engines:\n" + fsdp +
                                "scenarios:\n  - name: s\n    axes:\n      engine: mine\n"
                                "      ranks: 2\n      parallelism: [fsdp, ep]\n");
  const Output output = moebench({"list", "bad.yaml"});
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_THAT(output.err, AllOf(HasSubstr("bad.yaml:2: engine 'mine'"),
                                HasSubstr("cannot do parallelism ep, only fsdp")));
}

TEST_F(EnginesCli, WhatOurOwnEngineAloneCanIsRefused) {
  write("spawner", "--simulate-time", "");
  for (const char* command : {"profile", "verify-resume"}) {
    const Output output = moebench({command, "file.yaml"});
    EXPECT_EQ(output.exit_code, 2) << output.err;
    EXPECT_THAT(output.err, AllOf(HasSubstr("'spawner'"), HasSubstr("--filter engine=builtin")));
  }
  EXPECT_FALSE(fs::exists(folder_.path() / "results"));
}

// Its phases are in the events of every run, so that there is none to be run for them again.
TEST_F(EnginesCli, AProfileOfPhasesIsKept) {
  write("spawner", "--simulate-time, --step-ms, 20", "");
  std::string text = read_file(folder_.path() / "file.yaml");
  text.replace(text.find("provides: {"), 11, "provides: {profile: phases, ");
  text.replace(text.find("steps: 4"), 8, "steps: 4, profile: phases");
  folder_.write("file.yaml", text);
  const CellRecord record = run(0);
  EXPECT_THAT(record.value("phase_time_forward"), Optional(DoubleNear(6e6, 1)));
  EXPECT_THAT(moebench({"run", "file.yaml"}).err, HasSubstr("0 repetitions to run, 1 already ok"));
}

TEST_F(EnginesCli, WhatIsNotInstalledIsSaidBeforeAnythingRuns) {
  EXPECT_THAT(error("  mine: {command: [no-such-trainer]}\n"),
              HasSubstr("engine 'mine': no program 'no-such-trainer' in PATH"));
  EXPECT_THAT(error("  mine: {command: [./train.sh]}\n"),
              HasSubstr("'" + (folder_.path() / "train.sh").string() + "' is no executable file"));
  EXPECT_THAT(
      error("  mine: {command: [venv/bin/python, train.py]}\n"),
      HasSubstr("there is no virtual environment in '" + (folder_.path() / "venv").string()));
  EXPECT_THAT(error("  mine: {command: [sh], version: [sh, -c, 'echo no torch >&2; exit 1']}\n"),
              AllOf(HasSubstr("its version command"), HasSubstr("no torch")));
}

// Two settings of a trainer in pairs. Time is simulated, so that the load of the machine changes no
// step, and --busy-cores keeps the pairs whatever else runs: one verdict is right, and it is
// certain.
class EnginesGate : public EnginesCli {
 protected:
  int verdict_of(const std::string& base, const std::string& candidate) {
    const Output session = moebench({"ab", "file.yaml", "--candidate-set", candidate, "--filter",
                                     base, "--pairs", "2", "--busy-cores", "1000"});
    EXPECT_EQ(session.exit_code, 0) << session.err;
    output_ = moebench({"gate", "results/file-ab"});
    return output_.exit_code;
  }
};

TEST_F(EnginesGate, ASlowdownIsFound) {
  write("spawner", "--simulate-time, --step-ms, '{step_ms}'",
        "    parameters: {step_ms: [40, 60]}\n");
  EXPECT_EQ(verdict_of("step_ms=40", "step_ms=60"), 1) << output_.out << output_.err;
  EXPECT_THAT(output_.out, AllOf(HasSubstr("REGRESSED"), HasSubstr("+50.0 %")));
}

TEST_F(EnginesGate, EqualSettingsPass) {
  write("spawner", "--simulate-time, --only-rank, '{label}'", "    parameters: {label: [0, 1]}\n");
  EXPECT_EQ(verdict_of("label=0", "label=1"), 0) << output_.out << output_.err;
  EXPECT_THAT(output_.out, HasSubstr("PASS"));
}

TEST_F(EnginesGate, BuildsAreOfTheBuiltInEngine) {
  write("spawner", "--simulate-time", "");
  const Output output = moebench({"ab", "file.yaml", "--candidate", "/bin/true"});
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_THAT(output.err, AllOf(HasSubstr("is of engine 'spawner'"), HasSubstr("--candidate-set")));
}

}  // namespace
}  // namespace moebench
