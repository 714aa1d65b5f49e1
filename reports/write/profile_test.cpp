#include "reports/write/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "reports/write/profile_values.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;
using ::testing::Not;

// Values of two ranks; the headline is their sum or mean, as the merge of ranks makes it.
enum class Headline { kSum, kMean };

void set(CellRecord& r, const std::string& name, const char* unit, double a, double b,
         Headline headline) {
  r.metrics[name] = {
      .unit = unit, .value = headline == Headline::kSum ? a + b : (a + b) / 2, .per_rank = {a, b}};
}

void set_operation(CellRecord& r, const std::string& name, double calls, double own_ns,
                   double cumulative_ns) {
  set(r, "op_calls." + name, "1", calls, calls, Headline::kSum);
  set(r, "op_primitive_calls." + name, "1", calls, calls, Headline::kSum);
  set(r, "op_own_time." + name, "ns", own_ns, 1.1 * own_ns, Headline::kSum);
  set(r, "op_cumulative_time." + name, "ns", cumulative_ns, 1.1 * cumulative_ns, Headline::kSum);
}

CellRecord profiled(const std::string& kernel) {
  CellRecord r;
  r.id = kernel;
  r.scenario = "small";
  r.axes = {{"expert_kernel", kernel}, {"ranks", "2"}};
  r.metrics["profiled_steps"] = {.unit = "1", .value = 4};
  const std::map<std::string, double> steps = {{"plain", 10e6}, {"phases", 10.1e6}, {"ops", 11e6}};
  for (const auto& [level, ns] : steps) {
    set(r, "profile_" + level + "_step_time", "ns", ns, ns, Headline::kMean);
  }
  set(r, "profile_phase.experts", "ns", 6e6, 7e6, Headline::kMean);
  set(r, "profile_phase.experts_backward", "ns", 1e6, 1e6, Headline::kMean);
  set(r, "profile_phase.gather", "ns", 3.1e6, 2.1e6, Headline::kMean);
  set(r, "profile_wait.gather", "ns", 2e6, 0.1e6, Headline::kMean);
  set(r, "collective_wait", "ns", 2e6, 0.1e6, Headline::kMean);
  set(r, "collective_transfer", "ns", 1e6, 1e6, Headline::kMean);
  set(r, "collective_skew", "ns", 0.1e6, 2e6, Headline::kMean);
  const std::string gather = "collective.all_gather.32MiB.";
  set(r, gather + "calls", "1", 8, 8, Headline::kSum);
  set(r, gather + "bytes", "bytes", 8e6, 8e6, Headline::kSum);
  set(r, gather + "wire_bytes", "bytes", 4e6, 4e6, Headline::kSum);
  set(r, gather + "bus_bytes", "bytes", 4e6, 4e6, Headline::kSum);
  set(r, gather + "wait", "ns", 2e6, 0.1e6, Headline::kSum);
  set(r, gather + "transfer", "ns", 1e6, 1e6, Headline::kSum);
  set_operation(r, "experts.aten::mm", 30, 6e6, 6e6);
  set_operation(r, "experts.", 2, 1e6, 7e6);
  set_operation(r, "gather.moebench::all_gather", 8, 3e6, 3e6);
  r.metrics["op_primitive_calls.experts.aten::mm"].value = 50;
  set(r, "moved_calls.aten::cat", "1", 4, 4, Headline::kSum);
  set(r, "moved_bytes.aten::cat", "bytes", 3e6, 3e6, Headline::kSum);
  set(r, "moved_time.aten::cat", "ns", 1e6, 1e6, Headline::kSum);
  set(r, "copy_rate", "bytes/s", 6e9, 6e9, Headline::kSum);
  set(r, "mem_peak", "bytes", 9e6, 8e6, Headline::kMean);
  set(r, "mem_in_phase.experts.parameters", "bytes", 4e6, 4e6, Headline::kMean);
  set(r, "mem_in_phase.experts.activations", "bytes", 2e6, 1e6, Headline::kMean);
  set(r, "mem_in_phase.experts_backward.parameters", "bytes", 4e6, 4e6, Headline::kMean);
  set(r, "mem_in_phase.experts_backward.gathered", "bytes", 5e6, 4e6, Headline::kMean);
  return r;
}

TEST(Profile, IsTheGoldenText) {
  const std::string path = std::string(MOEBENCH_GOLDEN_FOLDER) + "/profile.md";
  const std::string text = write_profile({profiled("loop"), profiled("grouped")}, {.top = 2});
  if (std::getenv("MOEBENCH_UPDATE_GOLDEN") != nullptr) write_file_atomically(path, text);
  EXPECT_EQ(text, read_file(path));
}

TEST(Profile, AddsUpAndNamesTheStraggler) {
  const std::string text = write_profile({profiled("loop")}, {});
  EXPECT_THAT(text, HasSubstr("Most of it is rank 1's: 2.00 of 2.10 ms a step"));
  EXPECT_THAT(text, HasSubstr("phases +1.0 %, ops +10.0 %"));
  EXPECT_THAT(text, HasSubstr("The peak, 9.00 MB, came in experts_backward"));
  // 4 steps, 2 ranks, 10 ms own time and 1.1 times as much on rank 1.
  EXPECT_THAT(text, HasSubstr("All 3 rows' tottime: 0.0840 s of the 0.0880 s"));
}

TEST(Profile, LeavesOutWhatWasNotProfiled) {
  CellRecord plain = profiled("loop");
  plain.metrics.erase("profiled_steps");
  CellRecord failed = profiled("grouped");
  failed.disposition = record::Disposition::kCrashed;
  EXPECT_THROW(write_profile({plain, failed}, {}), Error);
  CellRecord phases = profiled("grouped");
  std::erase_if(phases.metrics, [](const auto& metric) {
    return metric.first.starts_with("op_") || metric.first.starts_with("moved_");
  });
  const std::string text = write_profile({plain, phases}, {});
  EXPECT_THAT(text, HasSubstr("#### Phases"));
  EXPECT_THAT(text, Not(HasSubstr("Hotspots")));
  EXPECT_THAT(text, Not(HasSubstr("Operations")));
}

TEST(Profile, RowsAreTotalsOfAllStepsAndRanks) {
  const std::vector<CellRecord> records = {profiled("loop")};
  const auto rows = operation_rows(group_cells(records)[0].cells[0]);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].function, "aten::mm");
  EXPECT_EQ(rows[0].phase, "experts");
  EXPECT_EQ(rows[0].calls, 4 * 60);
  EXPECT_EQ(rows[0].primitive_calls, 4 * 50);
  EXPECT_EQ(rows[0].slowest_rank, 1u);
  EXPECT_EQ(rows[2].function, "");
}

}  // namespace
}  // namespace moebench::reports
