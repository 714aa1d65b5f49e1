#include "harness/session/forecast.h"

#include <gmock/gmock.h>

#include "harness/testing/test_folder.h"

namespace moebench::session {
namespace {

using ::testing::HasSubstr;

record::CellRecord timed(const std::string& id, int repetition, double seconds) {
  record::CellRecord record;
  record.id = id;
  record.scenario = "s";
  record.repetition = repetition;
  record.metrics["run_time"] = {.unit = "ns", .value = seconds * 1e9};
  return record;
}

PlannedCell planned(const std::string& id, std::int64_t repetitions, std::int64_t bytes) {
  return {.id = id, .repetitions = repetitions, .memory = {.together_bytes = bytes}};
}

TEST(Forecast, SumsWhatIsKnown) {
  EarlierTimes times("results/x");
  for (const double seconds : {1.0, 2.0, 9.0}) times.add(timed("a", 0, seconds));
  record::CellRecord failed = timed("b", 0, 100);
  failed.disposition = record::Disposition::kCrashed;
  times.add(failed);
  const Forecast sum = forecast({planned("a", 3, 2'000'000'000), planned("b", 2, 50)}, times);
  EXPECT_EQ(sum.cells, 2);
  EXPECT_EQ(sum.repetitions, 5);
  EXPECT_EQ(sum.largest_bytes, 2'000'000'000);
  EXPECT_EQ(sum.time_ns, 6e9);
  EXPECT_EQ(describe(sum, times),
            "2 cells, 5 repetitions; largest memory of a cell's ranks here: 2.00 GB; time: 6 s for "
            "1 of 2 cells, the others have not run before, by 3 earlier repetitions in results/x");
}

TEST(Forecast, SaysWhereNothingIsKnown) {
  const EarlierTimes times("results/x");
  PlannedCell cell = planned("a", 3, 0);
  cell.may_repeat_more = true;
  EXPECT_EQ(describe(forecast({cell}, times), times),
            "1 cell, 3 repetitions or more; time: not known, none of them has run before in "
            "results/x");
  EXPECT_EQ(describe(forecast({planned("a", 0, 0)}, times), times),
            "1 cell, 0 repetitions; time: none");
}

TEST(Forecast, ReadsAResultsFolder) {
  const TestFolder folder;
  EXPECT_TRUE(EarlierTimes::read(folder.path()).of("a").empty());
  record::append(folder.path(), timed("a", 0, 1));
  EXPECT_EQ(EarlierTimes::read(folder.path()).of("a").size(), 1U);
  folder.write("results.jsonl", R"({"schema_version": 99})"
                                "\n");
  const EarlierTimes unreadable = EarlierTimes::read(folder.path());
  EXPECT_THAT(describe(forecast({planned("a", 1, 0)}, unreadable), unreadable),
              HasSubstr("; time: not known: "));
}

}  // namespace
}  // namespace moebench::session
