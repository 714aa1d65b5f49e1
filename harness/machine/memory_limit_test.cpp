#include "harness/machine/memory_limit.h"

#include <gtest/gtest.h>

#include "harness/machine/environment.h"
#include "harness/testing/test_folder.h"

namespace moebench::machine {
namespace {

class MemoryLimitTest : public ::testing::Test {
 protected:
  MemoryLimit limit(const std::string& own) const {
    return read_memory_limit((folder_.path() / "groups").string(),
                             folder_.write("own", own).string());
  }

  TestFolder folder_;
};

TEST_F(MemoryLimitTest, IsTheMachinesWithoutGroups) {
  const MemoryLimit whole = limit("");
  EXPECT_FALSE(whole.is_of_group);
  const auto total = static_cast<double>(read_machine_facts().memory_total_bytes);
  EXPECT_NEAR(static_cast<double>(whole.bytes) / total, 1, 0.1);
}

TEST_F(MemoryLimitTest, IsTheSmallestOfAGroupAndThoseAboveIt) {
  folder_.write("groups/memory.max", "max\n");
  folder_.write("groups/job/memory.max", "4096\n");
  folder_.write("groups/job/step/memory.max", "8192\n");
  const MemoryLimit own = limit("0::/job/step\n");
  EXPECT_TRUE(own.is_of_group);
  EXPECT_EQ(own.bytes, 4096);
  EXPECT_EQ(limit("0::/other\n").bytes, limit("").bytes);
}

TEST_F(MemoryLimitTest, OfAContainerIsThatOfTheRoot) {
  folder_.write("groups/memory.max", "8192\n");
  EXPECT_EQ(limit("0::/\n").bytes, 8192);
  EXPECT_EQ(limit("0::/docker/abc\n").bytes, 8192) << "the path is the host's";
}

TEST_F(MemoryLimitTest, ReadsVersion1) {
  folder_.write("groups/memory/job/memory.limit_in_bytes", "4096\n");
  folder_.write("groups/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(limit("5:cpu,cpuacct:/job\n4:memory:/job\n").bytes, 4096);
  EXPECT_FALSE(limit("4:memory:/other\n").is_of_group) << "the largest number is no limit";
}

}  // namespace
}  // namespace moebench::machine
