#include "reports/compare/hosts.h"

#include <gmock/gmock.h>

namespace moebench::compare {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

record::CellRecord on(const std::string& hosts, const std::string& id = "cell") {
  record::CellRecord run;
  run.id = id;
  if (!hosts.empty()) run.environment["hosts"] = hosts;
  return run;
}

TEST(Hosts, AreASet) {
  EXPECT_THAT(hosts_of({{"hosts", "b, a, b"}}), ElementsAre("a", "b"));
  EXPECT_THAT(hosts_of({{"host", "a"}}), ElementsAre("a"));
  EXPECT_THAT(hosts_of({{"driver_host", "a"}}), IsEmpty());
  EXPECT_EQ(hosts_difference(on("a, b"), on("b, a")), "");
}

TEST(Hosts, OfOneCellAreTheSame) {
  EXPECT_EQ(hosts_difference(on("a, c"), on("b, a")), "it ran on 'a', 'c', not on 'a', 'b'");
  EXPECT_EQ(hosts_difference(on("a"), on("a, b")), "it ran on 'a', not on 'a', 'b'");
}

TEST(Hosts, OfTwoCellsMayBeMoreOrFewer) {
  EXPECT_EQ(hosts_difference(on("a", "one"), on("a, b", "two")), "");
  EXPECT_EQ(hosts_difference(on("a, b", "two"), on("a", "one")), "");
  EXPECT_EQ(hosts_difference(on("c", "one"), on("a, b", "two")), "it ran on 'c', not on 'a', 'b'");
}

TEST(Hosts, ThatNobodyNamesAreNoOthers) {
  EXPECT_EQ(hosts_difference(on(""), on("a")), "");
  EXPECT_EQ(hosts_difference(on("a"), on("")), "");
  record::CellRecord dead = on("b");
  dead.disposition = record::Disposition::kCrashed;
  EXPECT_EQ(hosts_difference(dead, on("a, b")), "");
}

}  // namespace
}  // namespace moebench::compare
