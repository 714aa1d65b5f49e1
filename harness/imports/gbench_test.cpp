#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/imports/gbench_name.h"
#include "harness/imports/importer.h"
#include "harness/testing/error_of.h"

namespace moebench::imports {
namespace {

using record::CellRecord;
using record::Disposition;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string document(const std::string& benchmarks) {
  return R"({"context": {"num_cpus": 4, "library_build_type": "release", "host_name": "h",
             "caches": [{"type": "Data", "level": 1}]}, "benchmarks": [)" +
         benchmarks + "]}";
}

Imported imported(const std::string& benchmarks) {
  return read_gbench(document(benchmarks), "b.json");
}

std::string gbench_error(const std::string& text) {
  return error_of([&] { read_gbench(text, "b.json"); });
}

constexpr const char* kRepetitions = R"(
  {"name": "BM_Copy/8/threads:2", "run_name": "BM_Copy/8/threads:2", "run_type": "iteration",
   "repetitions": 2, "repetition_index": 0, "threads": 2, "iterations": 100, "real_time": 1.5,
   "cpu_time": 2.5, "time_unit": "us", "bytes_per_second": 1e9, "rows": 64, "label": "small"},
  {"name": "BM_Copy/8/threads:2", "run_name": "BM_Copy/8/threads:2", "run_type": "iteration",
   "repetitions": 2, "repetition_index": 1, "threads": 2, "iterations": 100, "real_time": 1.75,
   "cpu_time": 2.5, "time_unit": "us"},
  {"name": "BM_Copy/8/threads:2_median", "run_name": "BM_Copy/8/threads:2",
   "run_type": "aggregate", "aggregate_name": "median", "repetitions": 2, "real_time": 1.625,
   "cpu_time": 2.5, "time_unit": "us"})";

TEST(GbenchName, SaysTheAxes) {
  EXPECT_THAT(gbench_axes("BM_Copy"), ElementsAre(Pair("benchmark", "BM_Copy")));
  EXPECT_THAT(
      gbench_axes("fixture/copy<a/b>/8/rows:4/9/threads:2/repeats:5/process_time/real_time"),
      ElementsAre(Pair("benchmark", "fixture/copy<a/b>"), Pair("arg1", "8"), Pair("rows", "4"),
                  Pair("arg3", "9"), Pair("threads", "2"),
                  Pair("timing", "process_time real_time")));
  EXPECT_THAT(gbench_axes("a/std::copy/n:1/n:2"),
              ElementsAre(Pair("benchmark", "a/std::copy"), Pair("n", "1"), Pair("n 2", "2")));
  EXPECT_THAT(gbench_axes(""), ElementsAre(Pair("benchmark", "")));
}

TEST(Gbench, ARepetitionIsARecordInBaseUnits) {
  const Imported found = imported(kRepetitions);
  ASSERT_THAT(found.runs, SizeIs(2));
  const CellRecord& record = found.runs[0].record;
  EXPECT_THAT(record.axes,
              ElementsAre(Pair("benchmark", "BM_Copy"), Pair("arg1", "8"), Pair("threads", "2")));
  EXPECT_EQ(record.value("benchmark_real_time"), 1500);
  EXPECT_EQ(record.value("benchmark_cpu_time"), 2500);
  EXPECT_EQ(record.value("benchmark_iterations"), 100);
  EXPECT_EQ(record.value("benchmark_bytes_per_second"), 1e9);
  EXPECT_EQ(record.value("benchmark_counter.rows"), 64);
  EXPECT_EQ(record.environment.at("gbench.num_cpus"), "4");
  EXPECT_EQ(record.environment.at("gbench.caches"), R"([{"level":1,"type":"Data"}])");
  EXPECT_EQ(record.environment.at("gbench.label"), "small");
  EXPECT_EQ(found.runs[1].conditions, found.runs[0].conditions);
  EXPECT_THAT(found.remarks, ElementsAre(StartsWith("left out 1 aggregates")));
}

TEST(Gbench, TheMedianStandsInWhereTheFileHasOnlyAggregates) {
  const Imported found = imported(R"(
      {"name": "B_mean", "run_name": "B", "run_type": "aggregate", "aggregate_name": "mean",
       "repetitions": 5, "real_time": 2, "cpu_time": 2, "time_unit": "ns"},
      {"name": "B_median", "run_name": "B", "run_type": "aggregate", "aggregate_name": "median",
       "repetitions": 5, "real_time": 1, "cpu_time": 1, "time_unit": "ns"})");
  ASSERT_THAT(found.runs, SizeIs(1));
  EXPECT_EQ(found.runs[0].record.value("benchmark_real_time"), 1);
  EXPECT_THAT(found.runs[0].record.warnings, ElementsAre(HasSubstr("the median of 5 stands")));
}

TEST(Gbench, FailedRunsStay) {
  const Imported found = imported(R"(
      {"name": "B", "run_type": "iteration", "error_occurred": true, "error_message": "no memory",
       "real_time": 0, "time_unit": "ns"},
      {"name": "C", "run_type": "iteration", "skipped": true, "skip_message": "no GPU"})");
  ASSERT_THAT(found.runs, SizeIs(2));
  EXPECT_EQ(found.runs[0].record.disposition, Disposition::kCrashed);
  EXPECT_EQ(found.runs[0].record.message, "no memory");
  EXPECT_THAT(found.runs[0].record.metrics, IsEmpty());
  EXPECT_EQ(found.runs[1].record.disposition, Disposition::kUnsupported);
  EXPECT_EQ(found.runs[1].record.message, "no GPU");
}

TEST(Gbench, SaysWhatIsWrongWhere) {
  EXPECT_THAT(gbench_error("{"), StartsWith("b.json:1: no well-formed JSON"));
  EXPECT_THAT(gbench_error("[]"), StartsWith("b.json: no JSON object"));
  EXPECT_THAT(gbench_error("{}"), StartsWith("b.json: has no list 'benchmarks'"));
  EXPECT_THAT(gbench_error(document("1")), StartsWith("b.json: benchmarks[0]: is no object"));
  EXPECT_THAT(gbench_error(document("{}")), StartsWith("b.json: benchmarks[0]: has no name"));
  EXPECT_THAT(gbench_error(document(R"({"name": "B", "real_time": "1"})")),
              StartsWith("b.json: benchmarks[0]: 'real_time' is no number"));
  EXPECT_THAT(gbench_error(document(R"({"name": "B", "time_unit": "h"})")),
              StartsWith("b.json: benchmarks[0]: time_unit is 'h'"));
}

}  // namespace
}  // namespace moebench::imports
