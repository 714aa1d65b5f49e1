#include "harness/record/metric_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "harness/base/file.h"

namespace moebench::record {
namespace {

using ::testing::IsEmpty;

TEST(MetricCatalogue, HasEachNameOnceWithABaseUnit) {
  const std::set<std::string_view> units = {"ns",   "bytes",   "tokens",  "tokens/s", "rows",
                                            "FLOP", "FLOP/s",  "bytes/s", "Hz",       "W",
                                            "J",    "celsius", "1",       "1/s"};
  std::set<std::string_view> names;
  for (const MetricInfo& info : metric_catalogue()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_TRUE(units.contains(info.unit)) << info.name << " in " << info.unit;
    EXPECT_FALSE(info.definition.empty()) << info.name;
    EXPECT_EQ(find_metric(info.name), &info) << info.name;
  }
}

TEST(MetricCatalogue, APatternStandsForAnyTextAtItsStar) {
  EXPECT_TRUE(matches("op_calls.*", "op_calls.experts.aten::mm"));
  EXPECT_TRUE(matches("profile_*_step_time", "profile_plain_step_time"));
  EXPECT_FALSE(matches("profile_*_step_time", "profile_step_time"));
  EXPECT_FALSE(matches("mem_peak", "mem_peak_load"));
}

// The order of rows decided this once: gpu_power_limit before gpu_power, load_bytes_kept before the
// other load_bytes_.
TEST(MetricCatalogue, TheRowWithMostOfTheNameCounts) {
  EXPECT_EQ(metric_info("gpu_power_limit").over_ranks, OverRanks::kSmallest);
  EXPECT_EQ(metric_info("gpu_power_min").over_ranks, OverRanks::kMean);
  EXPECT_EQ(metric_info("load_bytes_kept").over_ranks, OverRanks::kLargest);
  EXPECT_EQ(metric_info("load_bytes_read").over_ranks, OverRanks::kSum);
  EXPECT_EQ(metric_info("calls.shard_moe").required, Required::kLoading);
  EXPECT_EQ(metric_info("calls.torch.concat").required, Required::kNever);
  EXPECT_EQ(metric_info("collective.all_gather.1MiB.wire_bytes").name, "collective.*.wire_bytes");
  EXPECT_EQ(metric_info("collective_skew").over_ranks, OverRanks::kLargest);
  EXPECT_EQ(find_metric("page_faults"), nullptr);
  EXPECT_EQ(find_metric("mem_peak_"), nullptr);
}

// Two families that have the same name would make the headline a matter of luck.
TEST(MetricCatalogue, NoTwoFamiliesClaimANameAlike) {
  for (const MetricInfo& a : metric_catalogue()) {
    for (const MetricInfo& b : metric_catalogue()) {
      if (&a == &b || !a.is_family() || !b.is_family() || a.name.size() != b.name.size()) continue;
      std::string name(a.name);
      name.replace(name.find('*'), 1, std::string(b.name));
      EXPECT_FALSE(matches(a.name, name) && matches(b.name, name)) << a.name << " and " << b.name;
    }
  }
}

// Pattern -> unit of every table "| metric | unit |" of schema.md .
std::map<std::string, std::string> described_metrics() {
  std::istringstream lines(read_file(MOEBENCH_SCHEMA));
  std::map<std::string, std::string> found;
  bool in_table = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| metric | unit |")) in_table = true;
    if (!line.starts_with("|")) in_table = false;
    if (!in_table || !line.starts_with("| `")) continue;
    const std::size_t bar = line.find('|', 1);
    std::istringstream cell(line.substr(bar + 1, line.find('|', bar + 1) - bar - 1));
    std::vector<std::string> units;  // "1, bytes, ns": one a name, or one for all
    for (std::string unit; cell >> unit;) units.push_back(unit.substr(0, unit.find(',')));
    const std::string names = line.substr(0, bar);
    const std::regex quoted("`([^`]*)`");
    std::size_t index = 0;
    for (std::sregex_iterator it(names.begin(), names.end(), quoted), end; it != end; ++it) {
      std::string name = std::regex_replace((*it)[1].str(), std::regex("<[^>]*>"), "*");
      name = std::regex_replace(name, std::regex("\\*\\.\\*"), "*");
      found[name] = units.at(units.size() == 1 ? 0 : index++);
    }
  }
  return found;
}

TEST(MetricCatalogue, IsWhatTheSchemaDescribes) {
  const auto described = described_metrics();
  ASSERT_GT(described.size(), 100U);
  std::set<std::string> unused;
  for (const auto& [pattern, unit] : described) unused.insert(pattern);
  for (const MetricInfo& info : metric_catalogue()) {
    const std::string* best = nullptr;
    for (const auto& [pattern, unit] : described) {
      const bool fits = pattern == info.name || matches(pattern, info.name);
      if (fits && (best == nullptr || pattern.size() > best->size())) best = &pattern;
    }
    if (best == nullptr) {
      ADD_FAILURE() << "schema.md does not describe " << info.name;
      continue;
    }
    EXPECT_EQ(described.at(*best), info.unit) << info.name;
    unused.erase(*best);
  }
  EXPECT_THAT(unused, IsEmpty()) << "described, but not in the catalogue";
}

}  // namespace
}  // namespace moebench::record
