#include "harness/config/transport.h"

#include <gmock/gmock.h>

namespace moebench::config {
namespace {

using ::testing::HasSubstr;

TEST(Transport, IsOneOfFiveOrTcpByAnInterface) {
  for (const char* text : {"shm", "tcp", "nvlink", "ib", "efa", "tcp:eth0", "tcp:ib0"}) {
    EXPECT_EQ(transport_fault(text), "") << text;
  }
  for (const char* text : {"", "vader", "tcp:", "ib:mlx5_0"}) {
    EXPECT_THAT(transport_fault(text), HasSubstr("use shm, tcp, nvlink, ib or efa (tcp:eth0"))
        << text;
  }
}

TEST(Transport, OfOneHostAreSharedMemoryAndNvlink) {
  EXPECT_TRUE(is_of_one_host("shm"));
  EXPECT_TRUE(is_of_one_host("nvlink"));
  EXPECT_FALSE(is_of_one_host("tcp:lo"));
}

}  // namespace
}  // namespace moebench::config
