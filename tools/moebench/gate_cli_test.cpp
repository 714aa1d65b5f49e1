// Runs the commands around the gate as a user does; fake workers stand for two builds.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>

#include "harness/base/file.h"
#include "harness/record/record.h"
#include "harness/record/session.h"
#include "harness/testing/fake_worker.h"
#include "tools/moebench/moebench_testing.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kScenario = R"(
scenarios:
  - name: quick
    axes: {model: toy, parallelism: [fsdp, ep], ranks: 2, seq_len: 16}
    settings: {steps: 2, warmup_steps: 1}
)";

constexpr const char* kModel = R"({"model_type": "mixtral", "hidden_size": 16,
"intermediate_size": 32, "num_hidden_layers": 2, "num_local_experts": 4, "num_experts_per_tok": 2,
"num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 256,
"max_position_embeddings": 64})";

using Change = std::function<void(record::RankResult&)>;

void slow_down(record::RankResult& result) {
  for (double& step : result.metrics["step_time"].samples) step *= 1.2;
}

void grow(record::RankResult& result) { *result.metrics["mem_peak"].value += 1e6; }

class GateCli : public ::testing::Test {
 protected:
  GateCli() {
    fs::create_directories(folder_.path() / "models");
    write_file_atomically(folder_.path() / "models" / "toy.json", kModel);
    write_file_atomically(folder_.path() / "file.yaml", kScenario);
    ::setenv("MOEBENCH_RANK_PROGRAM", base_.program().c_str(), 1);
    ::unsetenv("GITHUB_STEP_SUMMARY");
  }

  // Makes what the candidate's ranks measure from now on differ by `change`.
  void change_candidate(const Change& change) const {
    for (const int rank : {0, 1}) {
      record::RankResult result = good_result(rank, 2, 2);
      change(result);
      write_file_atomically(folder_.path() / "candidate" / fmt::format("ok_{}_of_2.json", rank),
                            record::to_json(result));
    }
  }

  Output moebench(const std::vector<std::string>& words) const {
    return finish_moebench(start_moebench(words, folder_.path()), folder_.path());
  }
  // A session of two pairs a cell; what else this machine does must not decide a test.
  Output ab(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {
        "ab",      "file.yaml", "--candidate",  candidate_.program().string(),
        "--pairs", "2",         "--busy-cores", "1000"};
    words.insert(words.end(), more.begin(), more.end());
    return moebench(words);
  }
  Output calibrate() const {
    return moebench({"calibrate", "file.yaml", "--pairs", "3", "--busy-cores", "1000"});
  }
  fs::path results() const { return folder_.path() / "results" / "file-ab"; }

  // Replaces the first `from` in a file below the test's folder.
  void edit(const fs::path& file, const std::string& from, const std::string& to) const {
    std::string text = read_file(file);
    const auto place = text.find(from);
    ASSERT_NE(place, std::string::npos) << from;
    text.replace(place, from.size(), to);
    write_file_atomically(file, text);
  }

  TemporaryFolder folder_;
  FakeWorker base_{folder_.path() / "base", 2};
  FakeWorker candidate_{folder_.path() / "candidate", 2};
};

TEST_F(GateCli, APairOfARebuiltProgramIsNoRepetition) {
  EXPECT_EQ(ab().exit_code, 0);
  candidate_.rebuild();
  const Output output = ab();
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_THAT(output.err,
              AllOf(HasSubstr("holds pairs of another candidate"), HasSubstr("--fresh")));
  EXPECT_EQ(ab({"--fresh"}).exit_code, 0);
}

TEST_F(GateCli, EqualBuildsPass) {
  const Output session = ab();
  EXPECT_EQ(session.exit_code, 0) << session.err;
  EXPECT_THAT(session.err, HasSubstr("judge it with: moebench gate results/file-ab"));
  const auto records = record::load(results());
  ASSERT_GE(records.size(), 8U);
  EXPECT_TRUE(records[0].pair.has_value());
  EXPECT_TRUE(records[0].metrics.contains("run_time"));
  EXPECT_EQ(record::load_session(results())->cells.size(), 2U);

  const Output gate = moebench({"gate", "results/file-ab"});
  EXPECT_EQ(gate.exit_code, 0) << gate.out << gate.err;
  EXPECT_THAT(gate.out, StartsWith("# Regression gate: PASS"));
}

TEST_F(GateCli, ASlowerBuildRegressesAndAFasterOneIsImproved) {
  change_candidate(slow_down);
  EXPECT_EQ(ab().exit_code, 0);
  ::setenv("GITHUB_STEP_SUMMARY", (folder_.path() / "summary.md").c_str(), 1);
  const Output gate = moebench({"gate", "results/file-ab", "--github", "--junit", "junit.xml"});
  EXPECT_EQ(gate.exit_code, 1) << gate.err;
  EXPECT_THAT(gate.out, AllOf(HasSubstr("REGRESSED"), HasSubstr("+20.0 %"),
                              HasSubstr("::error title=REGRESSED")));
  EXPECT_THAT(read_file(folder_.path() / "summary.md"), HasSubstr("# Regression gate: REGRESSED"));
  EXPECT_THAT(read_file(folder_.path() / "junit.xml"), HasSubstr("<failure"));
  EXPECT_EQ(moebench({"gate", "results/file-ab", "--fail-on", "missing"}).exit_code, 0);

  const Output other =
      moebench({"ab", "file.yaml", "--base", candidate_.program(), "--candidate", base_.program(),
                "--pairs", "2", "--busy-cores", "1000", "--out", "other"});
  EXPECT_EQ(other.exit_code, 0) << other.err;
  const Output faster = moebench({"gate", "other"});
  EXPECT_EQ(faster.exit_code, 0);
  EXPECT_THAT(faster.out, StartsWith("# Regression gate: IMPROVED"));
}

TEST_F(GateCli, AMetricThatCannotBeGatedIsRefusedBeforeAnythingRuns) {
  for (const auto& [metric, reason] :
       std::map<std::string, std::string>{{"step_tiem", "did you mean 'step_time'?"},
                                          {"mem_peak", "judged in every session"},
                                          {"tokens_per_expert", "has no number for a run"}}) {
    const Output output = ab({"--metric", metric});
    EXPECT_EQ(output.exit_code, 2);
    EXPECT_THAT(output.err, AllOf(StartsWith("moebench: error: --metric: "), HasSubstr(reason)));
    EXPECT_FALSE(fs::exists(results()));
  }
}

TEST_F(GateCli, AVerdictStandsWhateverOutputFails) {
  change_candidate(slow_down);
  EXPECT_EQ(ab().exit_code, 0);
  const Output output = moebench({"gate", "results/file-ab", "--junit", "no/junit.xml"});
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_THAT(output.out, HasSubstr("REGRESSED"));
  EXPECT_THAT(output.err, HasSubstr("cannot write 'no/junit.xml': No such file or directory"));

  // Each failure is named, and what can be written is.
  ::setenv("GITHUB_STEP_SUMMARY", folder_.path().c_str(), 1);
  const Output several = finish_moebench(
      start_moebench({"gate", "results/file-ab", "--github", "--junit", "junit.xml"},
                     folder_.path(), [] { ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO); }),
      folder_.path());
  EXPECT_EQ(several.exit_code, 1);
  EXPECT_THAT(several.err, AllOf(HasSubstr("cannot write to stdout: No space left on device"),
                                 HasSubstr("cannot write '" + folder_.path().string() + "'")));
  EXPECT_THAT(read_file(folder_.path() / "junit.xml"), HasSubstr("<failure"));

  // A success that nobody can read is none.
  EXPECT_EQ(moebench({"gate", "results/file-ab", "--fail-on", "missing", "--junit", "no/junit.xml"})
                .exit_code,
            2);
}

TEST_F(GateCli, MoreMemoryRegresses) {
  change_candidate(grow);
  EXPECT_EQ(ab().exit_code, 0);
  const Output gate = moebench({"gate", "results/file-ab"});
  EXPECT_EQ(gate.exit_code, 1);
  EXPECT_THAT(gate.out, HasSubstr("mem_peak"));
}

TEST_F(GateCli, RequirementsAreJudgedOnAnyResults) {
  const auto gate = [&](const std::string& folder, const std::string& bounds) {
    return moebench({"gate", folder, "--require", bounds});
  };
  EXPECT_EQ(moebench({"run", "file.yaml", "--repeats", "2"}).exit_code, 0);
  const Output held = gate("results/file", "mem_peak<=64GB,rss_peak<1TB");
  EXPECT_EQ(held.exit_code, 0) << held.out << held.err;
  EXPECT_THAT(held.out, StartsWith("# Requirements: HELD"));
  const Output broken = gate("results/file", "mem_peak<=1kB");
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.out, HasSubstr("2 requirements of cells: 2 BROKEN."));
  EXPECT_EQ(gate("results/file", "collective_wait<1s").exit_code, 3) << "not measured";
  EXPECT_EQ(gate("results/file", "mem_paek<=64GB").exit_code, 2);
  EXPECT_EQ(moebench({"gate", "results/file", "--require", "mem_peak<=1kB", "--fail-on", "missing"})
                .exit_code,
            0);

  EXPECT_EQ(moebench({"run", "file.yaml", "--out", "once", "--filter", "parallelism=ep"}).exit_code,
            0);
  EXPECT_EQ(gate("once", "step_time<1h").exit_code, 4) << "one run";

  change_candidate(grow);
  EXPECT_EQ(ab().exit_code, 0);
  EXPECT_EQ(gate("results/file-ab", "mem_peak<100kB").exit_code, 1) << "the candidate's runs count";
}

TEST_F(GateCli, AutoStopsOnceItIsDecided) {
  const Output session =
      moebench({"ab", "file.yaml", "--candidate", candidate_.program(), "--busy-cores", "1000"});
  EXPECT_EQ(session.exit_code, 0) << session.err;
  for (const auto& run : record::load(results())) EXPECT_LT(run.pair->index, 12);
  EXPECT_EQ(moebench({"gate", "results/file-ab"}).exit_code, 0);
}

TEST_F(GateCli, AFailingCandidateExits3AndItsCellIsNotRunAgain) {
  candidate_.set_mode("crash");
  candidate_.set_only_for("parallelism: ep");
  EXPECT_EQ(ab().exit_code, 3);
  const Output gate = moebench({"gate", "results/file-ab"});
  EXPECT_EQ(gate.exit_code, 3) << gate.out;
  EXPECT_THAT(gate.out, HasSubstr("FAILED"));
  const auto records = record::load(results());
  const auto failed =
      std::ranges::count(records, record::Disposition::kCrashed, &record::CellRecord::disposition);
  EXPECT_EQ(failed, 1);
}

TEST_F(GateCli, ASessionGoesOnWhereItEnded) {
  EXPECT_EQ(ab().exit_code, 0);
  // This is as if it had been interrupted within the last pair.
  std::string text = read_file(results() / "results.jsonl");
  text.resize(text.rfind('\n', text.size() - 2) + 1);
  write_file_atomically(results() / "results.jsonl", text);
  const Output cut = moebench({"gate", "results/file-ab"});
  EXPECT_EQ(cut.exit_code, 4) << cut.out;
  EXPECT_THAT(cut.out, AllOf(StartsWith("# Regression gate: INCONCLUSIVE"),
                             HasSubstr("1 of 2 planned pairs"),
                             HasSubstr("the same moebench ab goes on with it")));
  const auto before = record::load(results()).size();
  EXPECT_EQ(ab().exit_code, 0);
  EXPECT_GE(record::load(results()).size(), before + 2) << "a whole new pair";
  const Output gate = moebench({"gate", "results/file-ab"});
  EXPECT_EQ(gate.exit_code, 0) << gate.err;
  EXPECT_THAT(gate.out, HasSubstr("1 pairs were interrupted"));

  const Output other = ab({"--mde", "3%"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, AllOf(HasSubstr("holds another session: its mde is 0.05, not 0.03."),
                               HasSubstr("A plan cannot change"), HasSubstr("--extend")));
  EXPECT_EQ(ab({"--mde", "3%", "--fresh"}).exit_code, 0);
}

TEST_F(GateCli, ASessionThatEndedInconclusiveIsExtendedByItsNextLook) {
  const auto ab_of_one = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"ab",      "file.yaml", "--candidate",  candidate_.program(),
                                      "--pairs", "1",         "--busy-cores", "1000"};
    words.insert(words.end(), more.begin(), more.end());
    return moebench(words);
  };
  const Output none = ab_of_one({"--extend"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("holds no session to extend"));
  EXPECT_FALSE(fs::exists(results() / "session.json"));

  EXPECT_EQ(ab_of_one({}).exit_code, 0);
  const Output open = moebench({"gate", "results/file-ab"});
  EXPECT_EQ(open.exit_code, 4) << "one pair does not tell the noise";
  EXPECT_THAT(open.out,
              HasSubstr("with --extend adds the next look that was set beforehand, at 2"));
  EXPECT_EQ(ab_of_one({}).exit_code, 0);
  EXPECT_EQ(record::load(results()).size(), 4U) << "nothing runs again by itself";

  EXPECT_EQ(ab_of_one({"--extend"}).exit_code, 0);
  EXPECT_EQ(record::load_session(results())->extended, 1);
  EXPECT_GE(record::load(results()).size(), 8U);
  EXPECT_EQ(moebench({"gate", "results/file-ab"}).exit_code, 0);
  EXPECT_EQ(ab_of_one({}).exit_code, 0) << "it stays the same session";
  const Output again = ab_of_one({"--extend"});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("is decided: it ended PASS"));
}

TEST_F(GateCli, WhatCannotBeExtendedSaysWhy) {
  EXPECT_EQ(ab().exit_code, 0);
  edit(results() / "session.json", "\"extended\": 0", "\"extended\": 4");
  std::string text = read_file(results() / "results.jsonl");
  const std::string whole = text;
  EXPECT_EQ(ab({"--extend"}).exit_code, 2) << "decided at the first look";
  edit(results() / "session.json", "\"extended\": 4", "\"extended\": 0");

  // Without its last record it is cut short, and goes on.
  text.resize(text.rfind('\n', text.size() - 2) + 1);
  write_file_atomically(results() / "results.jsonl", text);
  const Output cut = ab({"--extend"});
  EXPECT_EQ(cut.exit_code, 0) << cut.err;
  EXPECT_THAT(cut.err, HasSubstr("it goes on"));
  EXPECT_EQ(record::load_session(results())->extended, 0);

  // As a session of before later looks.
  std::string session = read_file(results() / "session.json");
  const auto begin = session.find("  \"later_looks\"");
  session.erase(begin, session.find("  \"alpha\"") - begin);
  write_file_atomically(results() / "session.json", session);
  EXPECT_EQ(ab().exit_code, 0) << "it goes on as it was";
  const Output old = ab({"--extend"});
  EXPECT_EQ(old.exit_code, 2);
  EXPECT_THAT(old.err, HasSubstr("it began before sessions kept a part of alpha"));
}

TEST_F(GateCli, UnpairedOrEmptyFoldersAreRefused) {
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 0);
  const Output unpaired = moebench({"gate", "results/file"});
  EXPECT_EQ(unpaired.exit_code, 5);
  EXPECT_THAT(unpaired.err, HasSubstr("not paired"));
  EXPECT_EQ(moebench({"gate", "nothing"}).exit_code, 2);
  const Output mixed = ab({"--out", "results/file"});
  EXPECT_EQ(mixed.exit_code, 2);
  EXPECT_THAT(mixed.err, HasSubstr("no session of pairs"));
}

TEST_F(GateCli, HandEditedResultsAreErrors) {
  EXPECT_EQ(ab().exit_code, 0);
  const fs::path file = results() / "results.jsonl";
  const std::string good = read_file(file);
  const auto error_after = [&](const std::string& text) {
    write_file_atomically(file, text);
    const Output output = moebench({"gate", "results/file-ab", "--junit", "junit.xml"});
    EXPECT_EQ(output.exit_code, 2);
    EXPECT_FALSE(fs::exists(folder_.path() / "junit.xml"));
    return output.err;
  };
  EXPECT_THAT(error_after(good + good.substr(0, good.find('\n') + 1)), HasSubstr("is there twice"));
  EXPECT_THAT(error_after("{}\n" + good), HasSubstr("results.jsonl:1: has no 'schema_version'"));
  EXPECT_THAT(error_after("{\"schema_version\": 9}\n" + good), HasSubstr("schema_version is 9"));
  EXPECT_THAT(error_after(good.substr(10)), HasSubstr("is no valid JSON"));
  write_file_atomically(file, good);
  edit(results() / "session.json", "\"looks\"", "\"look\"");
  EXPECT_EQ(moebench({"gate", "results/file-ab"}).exit_code, 2);
}

TEST_F(GateCli, CalibrationTellsPairsAndTime) {
  const Output blind = moebench({"power", "file.yaml"});
  EXPECT_EQ(blind.exit_code, 2);
  EXPECT_THAT(blind.err, HasSubstr("moebench calibrate file.yaml"));
  EXPECT_THAT(moebench({"power", "file.yaml", "--noise", "1%"}).out,
              HasSubstr("of each cell find"));

  const Output made = calibrate();
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, AllOf(HasSubstr("run noise"), HasSubstr("of this machine")));
  EXPECT_EQ(moebench({"power", "file.yaml"}).out, made.out);

  EXPECT_EQ(ab().exit_code, 0);
  EXPECT_TRUE(fs::exists(results() / "calibration" / "results.jsonl"));
  EXPECT_THAT(moebench({"gate", "results/file-ab"}).out, Not(HasSubstr("no calibration")));
}

TEST_F(GateCli, AnotherMachinesCalibrationIsRefusedBeforeAnythingRuns) {
  EXPECT_EQ(calibrate().exit_code, 0);
  edit(folder_.path() / "results" / "file-calibration" / "results.jsonl", "\"driver_cpu_model\":\"",
       "\"driver_cpu_model\":\"Other ");
  const Output output = ab();
  EXPECT_EQ(output.exit_code, 5);
  EXPECT_THAT(output.err, HasSubstr("cpu_model"));
  EXPECT_FALSE(fs::exists(results() / "results.jsonl"));
}

TEST_F(GateCli, TheCandidateMayBeAnotherCell) {
  const std::vector<std::string> words = {
      "ab",      "file.yaml", "--candidate-set", "parallelism=ep",
      "--pairs", "2",         "--busy-cores",    "1000"};
  const Output output = moebench(words);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  const auto session = record::load_session(results());
  ASSERT_EQ(session->cells.size(), 1U);
  EXPECT_NE(session->cells[0].id, session->cells[0].candidate);
  EXPECT_EQ(moebench({"gate", "results/file-ab"}).exit_code, 0);
  const Output absent = moebench({"ab", "file.yaml", "--candidate-set", "expert_kernel=grouped"});
  EXPECT_EQ(absent.exit_code, 2);
  EXPECT_THAT(absent.err, HasSubstr("has no such cell"));
  EXPECT_EQ(moebench({"ab", "file.yaml", "--candidate-set", "colour=red"}).exit_code, 2);
}

TEST_F(GateCli, WrongUseExits2) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"ab", "file.yaml"},
           {"ab", "file.yaml", "--candidate", "no-such-build"},
           {"ab", "file.yaml", "--candidate", base_.program(), "--pairs", "few"},
           {"ab", "file.yaml", "--candidate", base_.program(), "--calibration", "nowhere"},
           {"ab", "file.yaml", "--candidate", base_.program(), "--mde", "5"},
           {"gate", "results", "--github"},
           {"gate", "results", "--require", "gemm_share"},
           {"gate", "results", "--require", "gemm_share>=0.4", "--junit", "junit.xml"},
           {"baseline", "save", "main"},
           {"baseline", "show"},
           {"baseline", "save", "../main", "results"}}) {
    const Output output = moebench(words);
    EXPECT_EQ(output.exit_code, 2) << output.err;
    EXPECT_THAT(output.err, StartsWith("moebench: error: "));
    EXPECT_FALSE(fs::exists(results() / "results.jsonl"));
  }
}

TEST_F(GateCli, BaselinesKeepExactMetricsUnderAName) {
  const auto run = [&] { return moebench({"run", "file.yaml", "--fresh"}).exit_code; };
  EXPECT_EQ(moebench({"gate", "results/file", "--baseline", "main"}).exit_code, 6);
  EXPECT_EQ(moebench({"baseline", "show", "main"}).exit_code, 6);
  EXPECT_EQ(run(), 0);
  EXPECT_EQ(moebench({"baseline", "save", "main", "results/file"}).exit_code, 0);
  EXPECT_EQ(moebench({"gate", "results/file", "--baseline", "main"}).exit_code, 0);

  change_candidate(grow);
  ::setenv("MOEBENCH_RANK_PROGRAM", candidate_.program().c_str(), 1);
  EXPECT_EQ(run(), 0);
  const Output larger = moebench({"gate", "results/file", "--baseline", "main"});
  EXPECT_EQ(larger.exit_code, 1);
  EXPECT_THAT(larger.out, AllOf(HasSubstr("allowed: +0.1 %, at least 500 kB"),
                                HasSubstr("times are not judged")));

  const Output saved = moebench({"baseline", "save", "main", "results/file"});
  EXPECT_THAT(saved.out, HasSubstr("generation 1 stays the current one"));
  EXPECT_EQ(moebench({"gate", "results/file", "--baseline", "main"}).exit_code, 1);
  EXPECT_EQ(moebench({"baseline", "promote", "main"}).exit_code, 0);
  EXPECT_EQ(moebench({"gate", "results/file", "--baseline", "main"}).exit_code, 0);
  EXPECT_THAT(moebench({"baseline", "list"}).out, HasSubstr("| main |"));
  EXPECT_THAT(moebench({"baseline", "show", "main"}).out,
              AllOf(HasSubstr("current generation: 2"), HasSubstr("- cpu_model:"),
                    HasSubstr("| mem_peak |"), HasSubstr("| parallelism ep")));
  EXPECT_THAT(moebench({"baseline", "show", "main", "--format", "csv"}).out,
              HasSubstr("\"mem_peak change"));
}

TEST_F(GateCli, AnotherMachinesBaselineIsNotComparable) {
  EXPECT_EQ(moebench({"run", "file.yaml", "--filter", "parallelism=ep"}).exit_code, 0);
  EXPECT_EQ(moebench({"baseline", "save", "main", "results/file"}).exit_code, 0);
  const fs::path file = folder_.path() / "results" / "file" / "results.jsonl";
  edit(file, "\"torch_version\":\"1.2.3\"", "\"torch_version\":\"1.2.4\"");
  const Output gate = moebench({"gate", "results/file", "--baseline", "main"});
  EXPECT_EQ(gate.exit_code, 5);
  EXPECT_THAT(gate.err, HasSubstr("torch_version is '1.2.4', not '1.2.3'"));
  EXPECT_EQ(moebench({"baseline", "save", "main", "results/file"}).exit_code, 5);
  EXPECT_EQ(moebench({"baseline", "rm", "main"}).exit_code, 0);
  EXPECT_EQ(moebench({"baseline", "rm", "main"}).exit_code, 6);
}

TEST_F(GateCli, KnownFailuresAreShownAndNotFatal) {
  const auto write = [&](const std::string& until) {
    write_file_atomically(folder_.path() / "file.yaml",
                          std::string(kScenario) +
                              "    known_failures: [{where: {parallelism: ep}, reason: a bug, "
                              "until: " +
                              until + "}]\n");
  };
  write("2999-01-01");
  base_.set_mode("crash");
  base_.set_only_for("parallelism: ep");
  const Output known = moebench({"run", "file.yaml"});
  EXPECT_EQ(known.exit_code, 0) << known.err;
  EXPECT_THAT(known.err, HasSubstr("is a known failure: a bug"));
  EXPECT_THAT(known.out, HasSubstr("CRASHED"));
  write("2020-01-01");
  EXPECT_EQ(moebench({"run", "file.yaml"}).exit_code, 3);
  write("2999-01-01");
  base_.set_mode("ok");
  const Output passes = moebench({"run", "file.yaml"});
  EXPECT_EQ(passes.exit_code, 0);
  EXPECT_THAT(passes.err, HasSubstr("passes unexpectedly"));

  candidate_.set_mode("crash");
  candidate_.set_only_for("parallelism: ep");
  EXPECT_EQ(ab().exit_code, 0);
  const Output gate = moebench({"gate", "results/file-ab"});
  EXPECT_EQ(gate.exit_code, 0) << gate.out;
  EXPECT_THAT(gate.out, HasSubstr("KNOWN FAILURE"));
}

TEST_F(GateCli, TheSimulatedSelftestPrintsItsTable) {
  const Output output = moebench({"selftest", "--simulate", "--matrices", "100"});
  EXPECT_EQ(output.exit_code, 4) << output.out;
  EXPECT_THAT(output.out, AllOf(HasSubstr("any false alarm"), HasSubstr("No promise is broken")));
}

TEST_F(GateCli, TheSelftestFailsWhereTheSlowdownIsNotThere) {
  // This worker knows no fault, so the gate finds nothing in what should be slower.
  const FakeWorker worker(folder_.path() / "twenty", 20);
  ::setenv("MOEBENCH_RANK_PROGRAM", worker.program().c_str(), 1);
  const Output output = moebench({"selftest", "--pairs", "2", "--busy-cores", "1000"});
  EXPECT_EQ(output.exit_code, 7) << output.out << output.err;
  EXPECT_THAT(output.out, HasSubstr("FAILED: the gate misses the slowdown"));
}

}  // namespace
}  // namespace moebench
