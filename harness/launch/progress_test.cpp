#include "harness/launch/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "harness/testing/fake_worker.h"

namespace moebench::launch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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

TEST(Progress, PlainLinesWithoutATerminal) {
  std::ostringstream out;
  ProgressDisplay display(out, false, 2);
  display.start_run("parallelism=ep");
  display.update({"steps", 1, 2, 100});
  display.end_run("ok");
  EXPECT_THAT(out.str(), HasSubstr("[1/2] parallelism=ep ...\n"));
  EXPECT_THAT(out.str(), HasSubstr("[1/2] parallelism=ep ok (0 s)\n"));
  EXPECT_THAT(out.str(), Not(HasSubstr("\r")));
}

TEST(Progress, OneLineOnATerminal) {
  std::ostringstream out;
  {
    ProgressDisplay display(out, true, 4);
    display.start_run("x");
    display.update({"steps", 1, 2, 100});
    EXPECT_THAT(out.str(), HasSubstr("cell 1 of 4: x  steps 1/2  100 tokens/s"));
    EXPECT_THAT(out.str(), HasSubstr("left"));
    EXPECT_THAT(out.str(), Not(HasSubstr("\n")));
  }
  EXPECT_TRUE(out.str().ends_with("\r\033[K"));
}

}  // namespace
}  // namespace moebench::launch
