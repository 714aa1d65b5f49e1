#include "harness/outer/arrivals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/error_of.h"

namespace moebench::outer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Hello process(int rank, const std::string& host, int local_rank = -1, int slots = 1) {
  return {rank, 4, local_rank, slots, host, ""};
}

TEST(ArrivalsTest, GroupsRanksByTheirHosts) {
  const auto hosts = joined_hosts(
      process(0, "a.org", 0),
      {{1, process(1, "b.org", 0)}, {2, process(2, "a.org", 1)}, {3, process(3, "b.org", 1, 4)}});
  ASSERT_EQ(hosts.size(), 2U);
  EXPECT_EQ(hosts[0].name, "a.org");
  EXPECT_EQ(hosts[0].slots, 2);
  EXPECT_THAT(hosts[0].ranks, ElementsAre(0, 2));
  EXPECT_EQ(hosts[1].slots, 5);
  EXPECT_THAT(hosts[1].ranks, ElementsAre(1, 3));
}

TEST(ArrivalsTest, HostsThatCannotBeToldApartAreRefused) {
  EXPECT_THAT(
      error_of([] {
        joined_hosts(process(0, "a", 0), {{1, process(1, "b", 0)}, {2, process(2, "a", 0)}});
      }),
      HasSubstr("ranks 0 and 2 both are local rank 0 of host 'a'"));
  EXPECT_THAT(error_of([] {
                joined_hosts(process(0, "a.x"), {{1, process(1, "a.y")}});
              }),
              AllOf(HasSubstr("'a.x' and 'a.y'"), HasSubstr("domain")));
}

TEST(ArrivalsTest, NamesTheMissingAndWhoWasSentAway) {
  RankContract contract;
  contract.source = "RANK";
  contract.world_size = 40;
  contract.wait_limit_s = 0.01;
  Arrivals arrivals;
  EXPECT_TRUE(arrivals.add(process(2, "b")));
  EXPECT_FALSE(arrivals.add(process(2, "b")));
  arrivals.note_refusal("refused 10.0.0.7: no");
  EXPECT_THAT(error_of([&] { arrivals.wait_for_all(contract, "a", "port 7 of a"); }),
              AllOf(HasSubstr("of the 40 processes"), HasSubstr("rank 1, 3, 4, "),
                    HasSubstr(", 21 and 18 more did not come to port 7 of a within 0.01 s"),
                    HasSubstr("; refused 10.0.0.7: no; see")));
}

}  // namespace
}  // namespace moebench::outer
