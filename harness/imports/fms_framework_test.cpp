#include "harness/imports/fms_framework.h"

#include <gtest/gtest.h>

namespace moebench::imports {
namespace {

struct Case {
  const char* text;
  const char* parallelism;
  const char* ep_degree;
  const char* kernel;
  const char* acceleration;
};

TEST(FmsFramework, IsSaidInTheWordsOfAxes) {
  for (const Case& c : {
           Case{"", "fsdp", "1", "loop", "none"},
           Case{"none", "fsdp", "1", "loop", "none"},
           Case{"foak-fast-kernels", "fsdp", "1", "loop", "foak-fast-kernels"},
           Case{"moe-megablocks", "ep", "", "megablocks", "none"},
           Case{"moe-scattermoe-granite-ep1", "fsdp", "1", "scattermoe", "none"},
           Case{"moe-scattermoe-granite-ep8", "ep", "8", "scattermoe", "none"},
           Case{"moe-scattermoe-granite-ep2-padding-free-foak", "ep", "2", "scattermoe",
                "padding-free-foak"},
           Case{"/a/b/moe-scattermoe-granite-ep4-sample-configuration.yaml", "ep", "4",
                "scattermoe", "none"},
           Case{"moe-new-epoch", "ep", "", "new", "epoch"},
       }) {
    const FmsFramework found = parse_fms_framework(c.text);
    EXPECT_EQ(found.parallelism, c.parallelism) << c.text;
    EXPECT_EQ(found.ep_degree, c.ep_degree) << c.text;
    EXPECT_EQ(found.expert_kernel, c.kernel) << c.text;
    EXPECT_EQ(found.acceleration, c.acceleration) << c.text;
    EXPECT_EQ(found.is_moe, std::string(c.text).find("moe-") != std::string::npos) << c.text;
  }
}

}  // namespace
}  // namespace moebench::imports
