#include "tools/moebench/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/testing/error_of.h"
#include "tools/moebench/parse_testing.h"

namespace moebench::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Options>
Options parse_as(const std::vector<const char*>& words) {
  return std::get<Options>(std::get<Command>(parse(words)));
}

TEST(Options, WhatIsRunSaysMoreOrLess) {
  const auto verbosity = [](const std::vector<const char*>& words) {
    return parse_as<RunArguments>(words).progress.verbosity();
  };
  EXPECT_EQ(verbosity({"run", "file.yaml"}), launch::Verbosity::kNormal);
  for (const char* word : {"-q", "--quiet"}) {
    EXPECT_EQ(verbosity({"run", "file.yaml", word}), launch::Verbosity::kQuiet);
  }
  for (const char* word : {"-v", "--verbose"}) {
    EXPECT_EQ(verbosity({"run", "file.yaml", word}), launch::Verbosity::kVerbose);
  }
  EXPECT_THAT(parse_error({"run", "file.yaml", "-q", "-v"}), HasSubstr("--quiet"));
  EXPECT_TRUE(parse_as<ProfileArguments>({"profile", "file.yaml", "-q"}).progress.is_quiet);
  EXPECT_TRUE(parse_as<LoadArguments>({"load", "checkpoint", "-q"}).progress.is_quiet);
  EXPECT_TRUE(
      parse_as<VerifyResumeArguments>({"verify-resume", "f.yaml", "-v"}).progress.is_verbose);
}

TEST(Options, RunTakesAllItsOptions) {
  const auto options = parse_as<RunArguments>({"run",
                                               "--only",
                                               "a",
                                               "--only",
                                               "b",
                                               "file.yaml",
                                               "--filter",
                                               "parallelism=ep",
                                               "--out",
                                               "dir",
                                               "--repeats",
                                               "3",
                                               "--order",
                                               "random",
                                               "--ranks",
                                               "4",
                                               "--time-limit",
                                               "2.5",
                                               "--launcher",
                                               "slurm",
                                               "--baseline",
                                               "parallelism=fsdp,ranks=4",
                                               "--busy-cores",
                                               "1.5",
                                               "--keep-disturbed",
                                               "--dry-run",
                                               "--fresh",
                                               "--keep-other-builds"});
  EXPECT_EQ(options.selection.file, "file.yaml");
  EXPECT_THAT(options.selection.only, ElementsAre("a", "b"));
  EXPECT_THAT(options.selection.filters, ElementsAre("parallelism=ep"));
  EXPECT_EQ(options.selection.ranks, 4);
  EXPECT_EQ(options.out, "dir");
  EXPECT_EQ(options.repeats, "3");
  EXPECT_EQ(options.order, "random");
  EXPECT_THAT(options.baseline, ElementsAre("parallelism=fsdp", "ranks=4"));
  EXPECT_EQ(options.busy_cores, 1.5);
  EXPECT_TRUE(options.keep_disturbed);
  EXPECT_EQ(options.time_limit_s, 2.5);
  EXPECT_EQ(options.launcher.name, "slurm");
  EXPECT_TRUE(options.dry_run && options.fresh && options.keep_other_builds);
  EXPECT_THAT(options.command_line, HasSubstr("moebench run --only a"));
}

TEST(Options, VerifyResumeTakesAllItsOptions) {
  const auto options = parse_as<VerifyResumeArguments>(
      {"verify-resume", "file.yaml", "--only", "a", "--filter", "parallelism=ep", "--out", "dir",
       "--steps-before", "3", "--launcher", "slurm"});
  EXPECT_EQ(options.selection.file, "file.yaml");
  EXPECT_THAT(options.selection.only, ElementsAre("a"));
  EXPECT_THAT(options.selection.filters, ElementsAre("parallelism=ep"));
  EXPECT_EQ(options.out, "dir");
  EXPECT_EQ(options.steps_before, 3);
  EXPECT_EQ(options.launcher.name, "slurm");
  EXPECT_THAT(options.command_line, HasSubstr("moebench verify-resume file.yaml"));
  EXPECT_THAT(parse_error({"verify-resume", "f", "--steps-before", "0"}),
              HasSubstr("--steps-before"));
}

TEST(Options, LoadTakesAllItsOptions) {
  const auto options =
      parse_as<LoadArguments>({"load",          "folder",   "--loader",    "concat,direct",
                               "--parallelism", "ep",       "--ep-degree", "8",
                               "--ranks",       "16",       "--one-rank",  "3",
                               "--tensors",     "all",      "--cache",     "cold",
                               "--io",          "buffered", "--dtype",     "fp32",
                               "--threads",     "2",        "--repeats",   "5",
                               "--format",      "csv",      "--out",       "dir",
                               "--launcher",    "slurm"});
  EXPECT_EQ(options.checkpoint, "folder");
  EXPECT_THAT(options.loaders, ElementsAre("concat", "direct"));
  EXPECT_EQ(options.parallelism, "ep");
  EXPECT_EQ(options.ep_degree, 8);
  EXPECT_EQ(options.ranks, 16);
  EXPECT_EQ(options.one_rank, 3);
  EXPECT_EQ(options.tensors, "all");
  EXPECT_EQ(options.cache, "cold");
  EXPECT_EQ(options.io, "buffered");
  EXPECT_EQ(options.dtype, "fp32");
  EXPECT_EQ(options.threads, 2);
  EXPECT_EQ(options.repeats, 5);
  EXPECT_EQ(options.format, "csv");
  EXPECT_EQ(options.out, "dir");
  EXPECT_EQ(options.launcher.name, "slurm");
  EXPECT_THAT(options.command_line, HasSubstr("moebench load folder"));
  EXPECT_THAT(parse_error({"load", "folder", "--loader", "fast"}), HasSubstr("--loader"));
}

TEST(Options, NumbersAreTakenAsWrittenOrRefused) {
  const std::string digits(300, '9');
  using Words = std::vector<const char*>;
  for (const char* word :
       {"99999999999999999999", "65537", "0", "-1", "2.0", "0x10", "1e3", " 2", digits.c_str()}) {
    for (const Words& words :
         {Words{"run", "f", "--ranks", word}, Words{"list", "f", "--ranks", word},
          Words{"load", "f", "--ep-degree", word}, Words{"doctor", "--ranks", word}}) {
      const std::string message = parse_error(words);
      EXPECT_THAT(message, HasSubstr("is no whole number from 1 to 65536")) << word;
      EXPECT_LT(message.size(), 200U);
    }
  }
  EXPECT_THAT(parse_error({"run", "f", "--repeats", "0"}), HasSubstr("--repeats: '0' is no whole"));
  EXPECT_THAT(parse_error({"run", "f", "--time-limit", "1e300"}), HasSubstr("at most 1e+09"));
  EXPECT_THAT(parse_error({"run", "f", "--time-limit", "0"}), HasSubstr("--time-limit"));
  EXPECT_THAT(parse_error({"run", "f", "--progress-limit", "nan"}), HasSubstr("--progress-limit"));
  EXPECT_THAT(parse_error({"load", "f", "--one-rank", "-1"}), HasSubstr("from 0 to 65535"));
  EXPECT_THAT(parse_error({"calibrate", "f", "--pairs", digits.c_str()}),
              HasSubstr("from 2 to 1000"));
  EXPECT_THAT(parse_error({"ab", "f", "--busy-cores", "inf"}), HasSubstr("--busy-cores"));
  for (const char* seed : {"-1", "18446744073709551616", "1.5"}) {
    EXPECT_THAT(parse_error({"make-checkpoint", "--model", "m", "--out", "o", "--seed", seed}),
                HasSubstr("is no whole number from 0 to 2^64-1"));
  }
  EXPECT_EQ(parse_as<MakeCheckpointArguments>(
                {"make-checkpoint", "--model", "m", "--out", "o", "--seed", "18446744073709551615"})
                .seed,
            18446744073709551615U);
}

TEST(Options, AnEmptyWordIsNoDefault) {
  EXPECT_EQ(parse_error({"run", "f", "--out", ""}),
            "--out: the value is empty; give one, or leave it out");
  EXPECT_EQ(parse_error({"run", ""}), "word 2: the value is empty; give one, or leave it out");
  EXPECT_THAT(parse_error({"run", "f", "--out="}), HasSubstr("--out= has no value"));
  EXPECT_EQ(parse_as<RunArguments>({"run", "f", "--launcher-args", ""}).launcher.arguments, "");
}

TEST(Options, FileMayFollowARepeatableOption) {
  const auto options = parse_as<ListArguments>({"list", "--filter", "ranks=2", "file.yaml"});
  EXPECT_EQ(options.selection.file, "file.yaml");
  EXPECT_EQ(options.selection.ranks, std::nullopt);
}

TEST(Options, BaselineIsSplitAtCommas) {
  const auto options = parse_as<ReportArguments>(
      {"report", "--reference", "parallelism=fsdp,expert_kernel=loop", "dir"});
  EXPECT_THAT(options.reference, ElementsAre("parallelism=fsdp", "expert_kernel=loop"));
  EXPECT_THAT(options.folders, ElementsAre("dir"));
  EXPECT_EQ(options.format, "");
}

TEST(Options, ReportsTakeSeveralFoldersAndPivots) {
  const auto options = parse_as<ReportArguments>(
      {"report", "a", "--label", "new,old", "b", "--rows", "model, ranks", "--columns",
       " parallelism ", "--values", "runtime", "--values", "mem_peak", "--filter", "dtype=bf16"});
  EXPECT_THAT(options.folders, ElementsAre("a", "b"));
  EXPECT_THAT(options.labels, ElementsAre("new", "old"));
  EXPECT_THAT(options.rows, ElementsAre("model", "ranks"));
  EXPECT_THAT(options.columns, ElementsAre("parallelism"));
  EXPECT_THAT(options.values, ElementsAre("runtime", "mem_peak"));
  EXPECT_THAT(options.filters, ElementsAre("dtype=bf16"));
  const auto diff = parse_as<DiffArguments>(
      {"diff", "a", "--from", "parallelism=fsdp", "--to", "parallelism=ep", "--top", "3"});
  EXPECT_THAT(diff.folders, ElementsAre("a"));
  EXPECT_THAT(diff.from, ElementsAre("parallelism=fsdp"));
  EXPECT_EQ(diff.top, 3);
}

TEST(Options, WrongWordsAreErrors) {
  EXPECT_THAT(parse_error({"run"}), HasSubstr("FILE"));
  EXPECT_THAT(parse_error({"fly"}), HasSubstr("moebench --help"));
  EXPECT_THAT(parse_error({"run", "f", "--order", "sideways"}), HasSubstr("--order"));
  EXPECT_THAT(parse_error({"run", "f", "--ranks", "0"}), HasSubstr("--ranks"));
  EXPECT_THAT(parse_error({"run", "f", "--time-limit", "soon"}), HasSubstr("--time-limit"));
  EXPECT_THAT(parse_error({"make-checkpoint", "--out", "d"}), HasSubstr("--model"));
}

TEST(Options, DoctorMeasuresWhatScenariosStartByDefault) {
  const auto defaults = parse_as<DoctorArguments>({"doctor"});
  EXPECT_EQ(defaults.ranks, 2);
  EXPECT_EQ(defaults.threads, 1);
  EXPECT_EQ(defaults.format, "");
  const auto options = parse_as<DoctorArguments>(
      {"doctor", "--ranks", "4", "--threads", "3", "--quick", "--format", "json"});
  EXPECT_EQ(options.ranks, 4);
  EXPECT_EQ(options.threads, 3);
  EXPECT_TRUE(options.quick);
  EXPECT_EQ(options.format, "json");
  EXPECT_THAT(parse_error({"doctor", "--ranks", "0"}), HasSubstr("--ranks"));
  EXPECT_THAT(parse_error({"doctor", "--format", "docx"}), HasSubstr("docx"));
}

TEST(Options, Profile) {
  const auto defaults = parse_as<ProfileArguments>({"profile", "file.yaml"});
  EXPECT_EQ(defaults.level, "ops");
  EXPECT_EQ(defaults.top, 15);
  EXPECT_EQ(defaults.format, "");
  const auto options = parse_as<ProfileArguments>({"profile", "file.yaml", "--only", "a",
                                                   "--filter", "ranks=2", "--level", "trace",
                                                   "--top", "3", "--format", "pstats", "--fresh"});
  EXPECT_THAT(options.selection.only, ElementsAre("a"));
  EXPECT_EQ(options.level, "trace");
  EXPECT_EQ(options.top, 3);
  EXPECT_EQ(options.format, "pstats");
  EXPECT_TRUE(options.fresh);
  EXPECT_THAT(options.command_line, HasSubstr("moebench profile file.yaml"));
  EXPECT_THAT(parse_error({"profile", "f", "--level", "none"}), HasSubstr("--level"));
  EXPECT_THAT(parse_error({"profile", "f", "--top", "0"}), HasSubstr("--top"));
}

TEST(Options, Bytes) {
  EXPECT_EQ(parse_bytes("4096"), 4096);
  EXPECT_EQ(parse_bytes("1GB"), 1'000'000'000);
  EXPECT_EQ(parse_bytes("500MB"), 500'000'000);
  EXPECT_EQ(parse_bytes("2GiB"), std::int64_t{2} << 30);
  for (const char* text : {"", "GB", "1.5GB", "-1", "0", "1 GB", "1gb", "99999999999999999999"}) {
    EXPECT_THROW(parse_bytes(text), Error) << text;
  }
}

TEST(Options, ImportTakesSeveralFiles) {
  const auto options = parse_as<ImportArguments>({"import", "fms", "a.csv", "b.csv", "--out", "r"});
  EXPECT_EQ(options.kind, "fms");
  EXPECT_EQ(options.files, (std::vector<std::string>{"a.csv", "b.csv"}));
  EXPECT_EQ(options.scenario, "");
  EXPECT_EQ(options.out, "r");
  EXPECT_EQ(options.command_line, "moebench import fms a.csv b.csv --out r");
  EXPECT_THAT(parse_error({"import", "csv", "a.csv"}), HasSubstr("csv"));
  EXPECT_THAT(parse_error({"import", "fms"}), HasSubstr("FILE"));
}

TEST(Options, PublishedFiguresAreTheTreesUnlessAFileIsNamed) {
  EXPECT_EQ(parse_as<ReportArguments>({"report", "r"}).published, "");
  EXPECT_EQ(parse_as<ReportArguments>({"report", "r", "--published"}).published, kPublishedFigures);
  EXPECT_EQ(parse_as<ReportArguments>({"report", "r", "--published", "f"}).published, "f");
  EXPECT_EQ(parse_as<ReportArguments>({"report", "r", "--published", "--price", "2.5"}).price, 2.5);
  EXPECT_THAT(parse_error({"report", "r", "--price", "-1"}), HasSubstr("--price"));
}

TEST(Options, TheMapIsOfFoldersAndItsSearchHasABudget) {
  const auto crossover = parse_as<CrossoverArguments>(
      {"crossover", "a", "--against", "fsdp", "--figure", "crossover"});
  EXPECT_THAT(crossover.folders, ElementsAre("a"));
  EXPECT_EQ(crossover.against, "fsdp");
  EXPECT_EQ(crossover.figure, "crossover");
  EXPECT_THAT(parse_error({"crossover", "a", "--against", "ep"}), HasSubstr("--against"));
  EXPECT_EQ(parse_as<RunArguments>({"run", "f", "--budget", "15min"}).budget, "15min");
  EXPECT_EQ(parse_duration_ns("90s"), 90e9);
  EXPECT_EQ(parse_duration_ns("1.5h"), 5400e9);
  for (const char* wrong : {"", "15", "min", "15 min", "-1s", "0s", "1d", "1e30h", "nans"}) {
    EXPECT_THAT(error_of([&] { parse_duration_ns(wrong); }),
                HasSubstr("write a number and s, min or h"))
        << wrong;
  }
}

TEST(Options, SubmitTakesWhatRunDoesAndWhatTheBatchSystemIsAsked) {
  const auto submit = parse_as<SubmitArguments>({"submit", "f", "--repeats", "3", "--nodes", "2",
                                                 "--sbatch-option=--mem=0", "--sbatch-option",
                                                 "--exclusive", "--groups", "4"});
  EXPECT_EQ(submit.run.repeats, "3");
  EXPECT_EQ(submit.nodes, 2);
  EXPECT_THAT(submit.sbatch_options, ElementsAre("--mem=0", "--exclusive"));
  EXPECT_EQ(submit.groups, 4);
  EXPECT_EQ(submit.format, "slurm");
  EXPECT_THAT(parse_error({"submit", "f", "--fresh"}), HasSubstr("no option '--fresh'"));
  EXPECT_THAT(parse_error({"submit", "f", "--format", "pod"}), HasSubstr("trainjob"));
  EXPECT_TRUE(parse_as<StatusArguments>({"status", "d", "--wait"}).wait);
}

class Help : public ::testing::TestWithParam<const char*> {};

TEST_P(Help, IsTheGoldenText) {
  const std::string name = GetParam();
  const auto parsed = name == "moebench" ? parse({"--help"}) : parse({GetParam(), "--help"});
  const std::string golden = std::string(MOEBENCH_GOLDEN_FOLDER) + "/help_" + name + ".txt";
  if (std::getenv("MOEBENCH_UPDATE_GOLDEN")) {
    write_file_atomically(golden, std::get<Information>(parsed).text);
  }
  EXPECT_EQ(std::get<Information>(parsed).text, read_file(golden)) << golden;
  EXPECT_THAT(std::get<Information>(parsed).text, HasSubstr("\n  moebench ")) << "examples";
}

INSTANTIATE_TEST_SUITE_P(Commands, Help,
                         ::testing::Values("moebench", "list", "run", "verify-resume", "report",
                                           "diff", "load", "make-checkpoint", "doctor", "profile",
                                           "calibrate", "ab", "gate", "power", "baseline",
                                           "selftest", "import", "adopt", "help", "models",
                                           "crossover", "scenarios", "completion", "man", "submit",
                                           "status"));

}  // namespace
}  // namespace moebench::cli
