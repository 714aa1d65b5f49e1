#include "reports/gate/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/format.h"

namespace moebench::gate {
namespace {

using record::CellRecord;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

CellRecord dated_run(const std::string& kernel, double step_ms, const std::string& date) {
  CellRecord run;
  run.id = kernel;
  run.scenario = "quick";
  run.axes = {{"kernel", kernel}};
  run.started_at = date + "T10:00:00Z";
  run.environment = {{"git_sha", "abc" + date.substr(8)}, {"worker_hash", "w" + date.substr(8)}};
  run.metrics["step_time"] = {.unit = "ns", .value = step_ms * 1e6};
  run.metrics["load_time"] = {.unit = "ns", .value = 5e9};
  run.metrics["tokens_per_second"] = {.unit = "tokens/s", .value = 1e6 / step_ms};
  run.metrics["mem_peak"] = {.unit = "bytes", .value = 1e9};
  return run;
}

std::vector<Generation> three_generations() {
  CellRecord failed = dated_run("loop", 1, "2024-06-02");
  failed.disposition = record::Disposition::kOutOfMemory;
  return {{1, {dated_run("loop", 100, "2024-06-01"), dated_run("grouped", 50, "2024-06-01")}},
          {2, {failed, dated_run("grouped", 40, "2024-06-02")}},
          {3,
           {dated_run("loop", 110, "2024-06-03"), dated_run("grouped", 40, "2024-06-03"),
            dated_run("third", 30, "2024-06-03")}}};
}

TEST(History, FollowsEachCellOverTheGenerations) {
  const auto history = baseline_history(three_generations());
  ASSERT_EQ(history.size(), 7U);
  const auto generations = [&](std::size_t begin, std::size_t end) {
    std::vector<int> numbers;
    for (std::size_t i = begin; i < end; ++i) numbers.push_back(history[i].generation);
    return numbers;
  };
  EXPECT_EQ(generations(0, 7), (std::vector{1, 2, 3, 1, 2, 3, 3}));
  EXPECT_EQ(history[0].cell, "kernel loop");
  EXPECT_EQ(history[0].date, "2024-06-01");
  EXPECT_EQ(history[0].git_sha, "abc01");
  EXPECT_EQ(history[0].program, "worker w01");
  EXPECT_EQ(history[0].values[0].value, 100e6);
  EXPECT_EQ(history[0].values[0].change, std::nullopt);
}

TEST(History, ChangesAreThoseSinceTheGenerationThatHasTheValue) {
  const auto history = baseline_history(three_generations());
  EXPECT_EQ(history[1].disposition, record::Disposition::kOutOfMemory);
  EXPECT_EQ(history[1].values[0].value, std::nullopt);
  EXPECT_NEAR(history[2].values[0].change.value(), 0.1, 1e-12) << "since the first generation";
  EXPECT_NEAR(history[4].values[0].change.value(), -0.2, 1e-12);
  EXPECT_NEAR(history[4].values[1].change.value(), 0.25, 1e-12) << "a rate rises";
  EXPECT_EQ(history[4].values[3].change, 0);
  EXPECT_EQ(history[6].values[0].change, std::nullopt) << "another cell";
}

TEST(History, ALoadsTimeIsThatOfTheLoad) {
  CellRecord load = dated_run("loop", 1, "2024-06-01");
  load.metrics.erase("step_time");
  EXPECT_EQ(baseline_history({{1, {load}}})[0].values[2].value, 5e9);
  EXPECT_EQ(baseline_history(three_generations())[0].values[2].value, std::nullopt);
}

TEST(History, PrintsOneTable) {
  const std::string text =
      print({history_table(baseline_history(three_generations()))}, reports::Format::kMarkdown);
  EXPECT_THAT(text, AllOf(HasSubstr("2024-06-02 | abc02 | worker w02"), HasSubstr("OOM"),
                          HasSubstr("+10.0 %"), Not(HasSubstr("load_time"))));
  EXPECT_TRUE(baseline_history({}).empty());
}

}  // namespace
}  // namespace moebench::gate
