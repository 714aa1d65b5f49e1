#include "tools/moebench/run_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

namespace moebench::cli {
namespace {

RunArguments parsed(const std::vector<std::string>& words) {
  std::vector<const char*> arguments = {"moebench"};
  for (const std::string& word : words) arguments.push_back(word.c_str());
  const auto command = parse_command_line(static_cast<int>(arguments.size()), arguments.data());
  return std::get<RunArguments>(std::get<Command>(command));
}

TEST(RunWords, OfDefaultsAreTheFileAlone) {
  EXPECT_THAT(run_words(parsed({"run", "file.yaml"})), ::testing::ElementsAre("run", "file.yaml"));
}

TEST(RunWords, MakeTheSameOptionsAgain) {
  const std::vector<std::string> words = {"run",
                                          "a b.yaml",
                                          "--only",
                                          "x",
                                          "--only",
                                          "y",
                                          "--filter",
                                          "parallelism=ep",
                                          "--set",
                                          "seq_len=[1, 2]",
                                          "--ranks",
                                          "4",
                                          "--out",
                                          "dir",
                                          "--group",
                                          "1/3",
                                          "--budget",
                                          "15min",
                                          "--repeats",
                                          "auto",
                                          "--baseline",
                                          "parallelism=fsdp,expert_kernel=loop",
                                          "--order",
                                          "listed",
                                          "--time-limit",
                                          "2.5",
                                          "--progress-limit",
                                          "60",
                                          "--launcher",
                                          "mpirun",
                                          "--launcher-args=--mca btl tcp",
                                          "--hosts",
                                          "h",
                                          "--busy-cores",
                                          "1.5",
                                          "--keep-disturbed",
                                          "--dry-run",
                                          "--fail-fast",
                                          "--force",
                                          "--fresh",
                                          "--keep-other-builds",
                                          "--verbose"};
  EXPECT_EQ(run_words(parsed(words)), words) << "all options of run, in their order";
  EXPECT_EQ(run_words(parsed({"run", "f", "-q"})).back(), "--quiet");
}

}  // namespace
}  // namespace moebench::cli
