#include "harness/config/network.h"

#include <gmock/gmock.h>

namespace moebench::config {
namespace {

TEST(Network, ReadsRatesAsTcWritesThem) {
  EXPECT_EQ(link_rate("1gbit"), 1e9);
  EXPECT_EQ(link_rate("2.5gbit"), 2.5e9);
  EXPECT_EQ(link_rate("200mbit"), 2e8);
  EXPECT_EQ(link_rate("64kbit"), 64e3);
}

TEST(Network, TakesNoOtherText) {
  for (const char* text : {"", "gbit", "1", "1 gbit", "-1gbit", "0gbit", "0.1kbit", "1Gbps",
                           "local", "nangbit", "1e400gbit"}) {
    EXPECT_EQ(link_rate(text), std::nullopt) << text;
  }
}

TEST(Network, HasOneTextForARate) {
  EXPECT_EQ(link_rate_text(1e9), "1gbit");
  EXPECT_EQ(link_rate_text(*link_rate("1000mbit")), "1gbit");
  EXPECT_EQ(link_rate_text(*link_rate("0.2gbit")), "200mbit");
  EXPECT_EQ(link_rate_text(*link_rate("2500mbit")), "2.5gbit");
  EXPECT_EQ(link_rate_text(1e3), "1kbit");
}

}  // namespace
}  // namespace moebench::config
