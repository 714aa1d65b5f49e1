// Runs the moebench program as a user does; a fake worker stands for the training.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/config/scenario.h"
#include "harness/config/shipped.h"
#include "harness/record/record.h"
#include "harness/testing/shell_script.h"
#include "tools/moebench/moebench_run_testing.h"

namespace moebench {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

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

TEST_F(MoebenchTest, ListMarksSlowScenarios) {
  const Output output = moebench({"list", "file.yaml"});
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_THAT(output.out, AllOf(HasSubstr("quick"), HasSubstr("long"), HasSubstr("slow"),
                                HasSubstr("memory/rank"), HasSubstr("model=toy")));
}

TEST_F(MoebenchTest, MissingWorkerExits2BeforeAnythingIsWritten) {
  ::setenv("MOEBENCH_RANK_PROGRAM", (folder_.path() / "missing").c_str(), 1);
  const Output output = moebench({"run", "file.yaml"});
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_THAT(output.err, HasSubstr("MOEBENCH_RANK_PROGRAM"));
  EXPECT_FALSE(fs::exists(results()));
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

  const fs::path python =
      write_shell_script(folder_.path() / "python",
                         "if [ $# = 2 ]; then echo 'tokenizers 1.0'; else cp \"$4\" \"$5\"; fi");
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
