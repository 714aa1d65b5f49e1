#include "harness/launch/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "harness/base/file.h"
#include "harness/testing/error_of.h"
#include "harness/testing/models.h"
#include "harness/testing/test_folder.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Keeps its words, and does as it is told; fails at a rate of 9gbit.
constexpr const char* kTool = R"(#!/bin/sh
echo "$*" >> "$2/calls"
[ "$4" != 9gbit ] || exit 1
echo "$4" > "$2/rate"
)";

config::CellConfig linked_cell(std::int64_t nodes, const std::string& network) {
  config::CellConfig cell;
  cell.nodes = nodes;
  cell.network = network;
  return cell;
}

class LinksTest : public ::testing::Test {
 protected:
  LinksTest() {
    fs::permissions(tool_, fs::perms::owner_all);
    folder_.write("rate", "local\n");
  }

  // The rates that the tool was told since the last time.
  std::string calls() {
    const fs::path file = folder_.path() / "calls";
    std::string text = fs::exists(file) ? read_file(file) : "";
    fs::remove(file);
    const std::string words = "--in " + folder_.path().string() + " rate ";
    for (std::size_t at = 0; (at = text.find(words)) != std::string::npos;) {
      text.erase(at, words.size());
    }
    return text;
  }

  TestFolder folder_;
  fs::path tool_ = folder_.write("tool", kTool);
};

TEST_F(LinksTest, AreShapedWhereTheyDifferAndInTheEndAsTheyWere) {
  {
    Links links(folder_.path(), tool_);
    links.shape_for(linked_cell(2, "local"));
    EXPECT_EQ(calls(), "");
    links.shape_for(linked_cell(2, "1gbit"));
    links.shape_for(linked_cell(4, "1gbit"));
    EXPECT_EQ(calls(), "1gbit\n");
    links.shape_for(linked_cell(2, "local"));
    links.shape_for(linked_cell(2, "200mbit"));
    EXPECT_EQ(calls(), "local\n200mbit\n");
  }
  EXPECT_EQ(calls(), "local\n");
}

TEST_F(LinksTest, ACellThatNamesNoHostsHasThemAsTheyWere) {
  folder_.write("rate", "100mbit\n");
  {
    Links links(folder_.path(), tool_);
    links.shape_for(linked_cell(0, "local"));
    EXPECT_EQ(calls(), "");
    links.shape_for(linked_cell(2, "local"));
    links.shape_for(linked_cell(0, "local"));
    EXPECT_EQ(calls(), "local\n100mbit\n");
  }
  EXPECT_EQ(calls(), "");
}

TEST_F(LinksTest, OfARateThatNobodyKnowsAreShapedAndStaySo) {
  fs::remove(folder_.path() / "rate");
  {
    Links links(folder_.path(), tool_);
    links.shape_for(linked_cell(0, "local"));
    EXPECT_EQ(calls(), "");
    links.shape_for(linked_cell(2, "local"));
    EXPECT_EQ(calls(), "local\n");
  }
  EXPECT_EQ(calls(), "");
}

TEST_F(LinksTest, AToolThatFailsIsAnError) {
  Links links(folder_.path(), tool_);
  EXPECT_THAT(error_of([&] { links.shape_for(linked_cell(2, "9gbit")); }),
              AllOf(HasSubstr(tool_.string()), HasSubstr("rate 9gbit' failed")));
  Links without_tool(folder_.path(), folder_.path() / "none");
  EXPECT_THAT(error_of([&] { without_tool.shape_for(linked_cell(2, "1gbit")); }),
              HasSubstr("No such file"));
}

TEST_F(LinksTest, AreFoundWhereTheHostsAreTestHosts) {
  LauncherChoice choice;
  EXPECT_EQ(find_links(choice), nullptr);
  choice.hosts_file = folder_.write("hosts", "n1 slots=2\n");
  EXPECT_EQ(find_links(choice), nullptr);
}

TEST_F(LinksTest, ARateNeedsTestHostsAndRoot) {
  LaunchPlace place;
  LauncherChoice choice;
  EXPECT_EQ(error_of([&] { check_network(linked_cell(2, "local"), choice, place); }), "no error");
  choice.hosts_file = folder_.write("hosts", "n1 slots=2\n");
  EXPECT_THAT(error_of([&] { check_network(linked_cell(3, "1gbit"), choice, place); }),
              AllOf(HasSubstr("network 1gbit"), HasSubstr("tools/testhosts up 3")));
  folder_.write("set", "0\n");
  EXPECT_THAT(error_of([&] { check_network(linked_cell(3, "1gbit"), choice, place); }),
              HasSubstr("start moebench as root"));
  place.is_root = true;
  EXPECT_EQ(error_of([&] { check_network(linked_cell(3, "1gbit"), choice, place); }), "no error");
}

}  // namespace
}  // namespace moebench::launch
