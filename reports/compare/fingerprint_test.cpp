#include "reports/compare/fingerprint.h"

#include <gtest/gtest.h>

namespace moebench::compare {
namespace {

const record::Environment kEnvironment = {
    {"cpu_model", "cpu"},       {"cores_allowed", "2"},
    {"compiler", "g++"},        {"load_average_at_start", "1.5"},
    {"torch_version", "2.8"},   {"memory_total_bytes", "8261000000"},
    {"swap_used_bytes", "100"}, {"command_line", "moebench"}};

TEST(Fingerprint, HoldsWhatStays) {
  EXPECT_EQ(
      machine_fingerprint(kEnvironment),
      (record::Environment{{"cpu_model", "cpu"}, {"cores_allowed", "2"}, {"memory_gib", "8"}}));
  EXPECT_EQ(fingerprint(kEnvironment), (record::Environment{{"cpu_model", "cpu"},
                                                            {"cores_allowed", "2"},
                                                            {"memory_gib", "8"},
                                                            {"compiler", "g++"},
                                                            {"torch_version", "2.8"}}));
}

TEST(Fingerprint, TheDriversMachineIsAskedWhereTheRanksSayNothing) {
  record::Environment bound = kEnvironment;  // each rank to a core of its own
  bound["cores_allowed"] = "1";
  bound["driver_cores_allowed"] = "2";
  EXPECT_EQ(machine_fingerprint(bound).at("cores_allowed"), "1");
  EXPECT_EQ(difference(driver_fingerprint(bound), driver_fingerprint(kEnvironment)), "");
  bound.erase("cores_allowed");
  EXPECT_EQ(difference(machine_fingerprint(bound), machine_fingerprint(kEnvironment)), "");
}

TEST(Fingerprint, ReadingsThatChangeDoNotMatter) {
  record::Environment other = kEnvironment;
  other["load_average_at_start"] = "0.1";
  other["memory_total_bytes"] = "8265000000";
  EXPECT_EQ(difference(fingerprint(other), fingerprint(kEnvironment)), "");
  other["torch_version"] = "2.9";
  other.erase("cores_allowed");
  EXPECT_EQ(difference(fingerprint(other), fingerprint(kEnvironment)),
            "cores_allowed is unknown, not '2'; torch_version is '2.9', not '2.8'");
}

}  // namespace
}  // namespace moebench::compare
