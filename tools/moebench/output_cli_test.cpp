// Runs the moebench program as a user does; a fake worker stands for the training.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "tools/moebench/moebench_run_testing.h"

namespace moebench {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

void limit_file_size(rlim_t bytes) {
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  ::signal(SIGXFSZ, SIG_IGN);  // so that write() fails instead
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

TEST_F(MoebenchTest, HelpAndVersionExit0) {
  const Output help = moebench({"run", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(help.out, read_file(std::string(MOEBENCH_GOLDEN_FOLDER) + "/help_run.txt"));
  const Output version = moebench({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, ::testing::MatchesRegex("moebench [0-9.]+ \\(git .*\\)\n"));
}

}  // namespace
}  // namespace moebench
