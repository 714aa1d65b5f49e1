#include "harness/launch/progress.h"

#include <gtest/gtest.h>

#include <fstream>

#include "harness/base/temporary_folder.h"

namespace moebench::launch {
namespace {

TEST(Progress, ParsesTheRanksLine) {
  const auto progress =
      parse_progress("progress: phase=steps step=3 of=10 tokens_per_second=812.5");
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->phase, "steps");
  EXPECT_EQ(progress->step, 3);
  EXPECT_EQ(progress->of, 10);
  EXPECT_EQ(progress->tokens_per_second, 812.5);
}

TEST(Progress, OtherLinesAreNone) {
  for (const char* line : {"", "loss 3", "progress: phase=", "progress: step=x", "progress: a b",
                           "progress: colour=red"}) {
    EXPECT_FALSE(parse_progress(line)) << line;
  }
}

TEST(Progress, ReaderWaitsForTheEndOfALine) {
  const TemporaryFolder folder;
  ProgressReader reader(folder.path() / "stdout");
  EXPECT_FALSE(reader.poll()) << "no file yet";
  std::ofstream out(folder.path() / "stdout");
  out << "hello\nprogress: phase=steps step=1 of=4\nprogress: phase=steps st" << std::flush;
  EXPECT_EQ(reader.poll()->step, 1);
  EXPECT_FALSE(reader.poll());
  out << "ep=2 of=4\n" << std::flush;
  EXPECT_EQ(reader.poll()->step, 2);
}

}  // namespace
}  // namespace moebench::launch
