#include "harness/config/placement.h"

#include <gmock/gmock.h>

#include <map>

namespace moebench::config {
namespace {

using ::testing::HasSubstr;
using Written = std::map<std::string, std::int64_t>;

CellConfig placed(const Written& written) {
  CellConfig cell;
  const auto take = [&](const char* axis, std::int64_t& member) {
    if (written.contains(axis)) member = written.at(axis);
  };
  take("ranks", cell.ranks);
  take("nodes", cell.nodes);
  take("ranks_per_node", cell.ranks_per_node);
  follow_placement(cell, [&](const char* axis) { return written.contains(axis); });
  return cell;
}

void expect_placed(const Written& written, std::int64_t ranks, std::int64_t nodes,
                   std::int64_t ranks_per_node) {
  const CellConfig cell = placed(written);
  EXPECT_EQ(cell.ranks, ranks);
  EXPECT_EQ(cell.nodes, nodes);
  EXPECT_EQ(cell.ranks_per_node, ranks_per_node);
  EXPECT_EQ(placement_fault(cell).message, "");
}

TEST(Placement, FollowsFromTwoOfThree) {
  expect_placed({{"ranks", 8}}, 8, 0, 0);
  expect_placed({{"ranks", 8}, {"nodes", 2}}, 8, 2, 4);
  expect_placed({{"ranks", 8}, {"ranks_per_node", 2}}, 8, 4, 2);
  expect_placed({{"nodes", 2}, {"ranks_per_node", 4}}, 8, 2, 4);
  expect_placed({{"nodes", 2}, {"ranks_per_node", 4}, {"ranks", 8}}, 8, 2, 4);
  expect_placed({{"ranks", 4}, {"nodes", 0}}, 4, 0, 0);
}

TEST(Placement, NamesWhatDoesNotAgree) {
  EXPECT_EQ(placement_fault(placed({{"ranks", 8}, {"nodes", 3}})).axis, "nodes");
  EXPECT_EQ(placement_fault(placed({{"ranks", 8}, {"ranks_per_node", 3}})).axis, "ranks_per_node");
  const PlacementFault fault =
      placement_fault(placed({{"ranks", 8}, {"nodes", 4}, {"ranks_per_node", 4}}));
  EXPECT_EQ(fault.axis, "nodes");
  EXPECT_THAT(fault.message, HasSubstr("8 ranks are not 4 nodes x 4 ranks_per_node"));
}

TEST(Placement, ShapedLinksLieBetweenHosts) {
  CellConfig cell = placed({{"ranks", 2}, {"nodes", 2}});
  cell.network = "1gbit";
  EXPECT_EQ(placement_fault(cell).message, "");
  cell = placed({{"ranks", 2}});
  cell.network = "1gbit";
  EXPECT_EQ(placement_fault(cell).axis, "network");
}

}  // namespace
}  // namespace moebench::config
