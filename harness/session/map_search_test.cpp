#include "harness/session/map_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/error_of.h"

namespace moebench::session {
namespace {

using record::CellRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// fsdp and ep with 64 to 1024 tokens a micro-batch; a run takes as many seconds as its parallelism
// and tokens say, and ten times that with all that is around it.
class MapSearchTest : public ::testing::Test {
 protected:
  MapSearchTest() {
    for (const std::int64_t tokens : {64, 128, 256, 512, 1024}) {
      for (const auto parallelism : {config::Parallelism::kFsdp, config::Parallelism::kEp}) {
        config::CellConfig cell;
        cell.model.name = "toy";
        cell.scenario = "s";
        cell.ranks = 2;
        cell.seq_len = tokens;
        cell.parallelism = parallelism;
        cell.ep_degree = parallelism == config::Parallelism::kEp ? 2 : 1;
        cells_.push_back(cell);
      }
    }
  }

  // Takes what is wanted; how many runs that were.
  int run(const MapSearch& search) {
    int runs = 0;
    for (const config::CellConfig& cell : search.wanted(views())) {
      for (int i = 0; i < static_cast<int>(cell.repeats); ++i) {
        const std::pair key{cell.id(), i};
        if (records_.contains(key)) continue;
        ++runs;
        records_[key] = record_of(cell, i);
      }
    }
    return runs;
  }

  static CellRecord record_of(const config::CellConfig& cell, int repetition) {
    const bool is_ep = cell.parallelism == config::Parallelism::kEp;
    const auto tokens = static_cast<double>(cell.seq_len);
    // Equal at 250 tokens.
    const double seconds = (is_ep ? 0.5 + 3e-3 * tokens : 1 + 1e-3 * tokens) *
                           (1 + 0.004 * ((repetition * 7 + cell.seq_len / 64 + is_ep) % 5));
    CellRecord record;
    record.id = cell.id();
    record.repetition = repetition;
    record.metrics["runtime"] = {.unit = "ns", .value = seconds * 1e9};
    record.metrics["run_time"] = {.unit = "ns", .value = seconds * 1e10};
    return record;
  }

  RecordViews views() const {
    RecordViews views;
    for (const auto& [key, record] : records_) views.emplace(key, &record);
    return views;
  }

  std::vector<config::CellConfig> cells_;
  Records records_;
};

constexpr double kHour = 3600e9;

TEST_F(MapSearchTest, BeginsWithAllArmsOfAnEnd) {
  const auto wanted = MapSearch(cells_, {.budget_ns = kHour}).wanted({});
  ASSERT_EQ(wanted.size(), 2u);
  EXPECT_EQ(wanted[0].seq_len, 64);
  EXPECT_EQ(wanted[1].seq_len, 64);
  EXPECT_EQ(wanted[0].repeats, 1);
}

TEST_F(MapSearchTest, EndsAndGoesOnByWhatIsOnRecord) {
  const MapSearch search(cells_, {.budget_ns = kHour});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(search), 2);
  const MapSearch resumed(cells_, {.budget_ns = kHour});
  while (run(resumed) > 0) EXPECT_LT(records_.size(), 200u);
  EXPECT_THAT(resumed.report(views(), 0), HasSubstr("narrow enough"));
  EXPECT_EQ(run(search), 0);
}

TEST_F(MapSearchTest, SpendsNoMoreThanItsBudget) {
  const MapSearch search(cells_, {.budget_ns = 120e9});
  while (run(search) > 0) EXPECT_LT(records_.size(), 200u);
  double spent = 0;
  for (const auto& [key, record] : records_) spent += *record.value("run_time");
  EXPECT_LE(spent, 180e9);  // the round that reaches it is finished
  EXPECT_THAT(search.report(views(), 0), HasSubstr("of 2.0 min spent"));
}

TEST_F(MapSearchTest, RefusesWhatMakesNoMap) {
  auto cells = cells_;
  cells[0].scenario = "other";
  EXPECT_THAT(error_of([&] { MapSearch(cells, {}); }), HasSubstr("of one scenario"));
  cells = {cells_[0], cells_[2]};
  EXPECT_THAT(error_of([&] { MapSearch(cells, {}); }), HasSubstr("a map needs ep"));
}

}  // namespace
}  // namespace moebench::session
