#include "harness/launch/output_growth.h"

#include <gtest/gtest.h>

#include "harness/testing/test_folder.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

class OutputGrowthTest : public ::testing::Test {
 protected:
  bool has_grown() { return growth_.poll().has_value(); }

  TestFolder folder_;
  OutputGrowth growth_{folder_.path()};
};

TEST_F(OutputGrowthTest, WhatIsWrittenIsProgressOnce) {
  EXPECT_FALSE(has_grown()) << "nothing is there";
  folder_.write("stdout", "");
  EXPECT_FALSE(has_grown()) << "nothing is in it";
  folder_.write("stdout", "step 1\n");
  const auto progress = growth_.poll();
  ASSERT_TRUE(progress.has_value());
  EXPECT_EQ(progress->phase, "training");
  EXPECT_EQ(progress->of, 0) << "how far it is, it does not say";
  EXPECT_FALSE(has_grown());
}

TEST_F(OutputGrowthTest, AnyFileCounts) {
  folder_.write("stdout", "x");
  EXPECT_TRUE(has_grown());
  folder_.write("events_1.jsonl", "x");
  EXPECT_TRUE(has_grown());
  folder_.write("structured_logs/training.jsonl", "x");
  EXPECT_TRUE(has_grown()) << "trainers have folders of their own";
  folder_.write("structured_logs/training.jsonl", "xx");
  EXPECT_TRUE(has_grown());
}

TEST_F(OutputGrowthTest, WhatIsRemovedIsNone) {
  folder_.write("a", "xxxx");
  folder_.write("b", "x");
  EXPECT_TRUE(has_grown());
  fs::remove(folder_.path() / "a");
  EXPECT_FALSE(has_grown());
  folder_.write("b", "xx");
  EXPECT_TRUE(has_grown()) << "though less is there than once was";
}

TEST_F(OutputGrowthTest, LinksAndMissingFoldersAreNone) {
  fs::create_symlink("gone", folder_.path() / "latest");
  fs::create_directory_symlink("/proc", folder_.path() / "elsewhere");
  EXPECT_FALSE(has_grown());
  EXPECT_FALSE(OutputGrowth(folder_.path() / "nowhere").poll().has_value());
}

}  // namespace
}  // namespace moebench::launch
