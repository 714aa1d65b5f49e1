#include "reports/write/answer.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/labels.h"
#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string answer(const std::vector<CellRecord>& records) {
  const auto scenarios = group_cells(records);
  const Reference reference(scenarios[0]);
  const Gains gains(scenarios[0], reference, "runtime");
  return fmt::format("{}", fmt::join(answer_of(scenarios[0], reference, gains,
                                               attributions_of(scenarios[0], reference, gains)),
                                     " "));
}

// An arm with a repetition for each runtime, and a peak of so many bytes.
void add(std::vector<CellRecord>& records, const CellRecord& arm, double peak,
         const std::vector<double>& runtimes) {
  for (std::size_t round = 0; round < runtimes.size(); ++round) {
    records.push_back(arm);
    records.back().repetition = static_cast<int>(round);
    records.back().workload = "w";
    test::set_figures(records.back(), {peak, 1e9, runtimes[round], 1 / runtimes[round]});
    records.back().metrics["loss"] = {.unit = "1", .value = 2};
  }
}

TEST(Answer, NamesTheFastestWhatItOwesAndThatAllAgree) {
  std::vector<CellRecord> records;
  add(records, test::arm("fl", "fsdp", "1", "loop"), 10e9, {24, 24.1, 24});
  add(records, test::arm("fg", "fsdp", "1", "grouped"), 10e9, {12, 12, 12.1});
  add(records, test::arm("el", "ep", "2", "loop"), 7e9, {16, 16.1, 16});
  add(records, test::arm("eg", "ep", "2", "grouped"), 6.55e9, {6, 6.01, 6});
  EXPECT_EQ(
      answer(records),
      "ep 2 · grouped trains 4.00x [3.95, 4.06] as fast as fsdp · loop and peaks 34.5 % lower. "
      "That is 2.00x [1.95, 2.04] by the kernel alone, times 1.50x [1.48, 1.52] by the "
      "parallelism alone, times 1.34x [1.31, 1.36] by both together. All arms that do the same "
      "work agree in loss.");
}

TEST(Answer, NamesTheArmThatNeedsLeastMemory) {
  std::vector<CellRecord> records;
  add(records, test::arm("fl", "fsdp", "1", "loop"), 10e9, {24, 24.1, 24});
  add(records, test::arm("fg", "fsdp", "1", "grouped"), 10e9, {12, 12, 12.1});
  add(records, test::arm("el", "ep", "2", "loop"), 7e9, {16, 16.1, 16});
  add(records, test::arm("eg", "ep", "2", "grouped"), 7e9, {15, 15.1, 15});
  EXPECT_THAT(
      answer(records),
      AllOf(HasSubstr("fsdp · grouped trains 2.00x ["), HasSubstr("ep 2 · grouped gains 1.60x ["),
            HasSubstr("ep 2 · loop needs least memory: it peaks 30.0 % lower and trains "
                      "1.50x [")));
}

TEST(Answer, OfOneRoundSaysWhatWouldTell) {
  std::vector<CellRecord> records;
  add(records, test::arm("f", "fsdp", "1", "loop"), 1e9, {10});
  add(records, test::arm("e", "ep", "2", "loop"), 1e9, {9});
  EXPECT_THAT(
      answer(records),
      AllOf(HasSubstr("ep 2 trained 1.1x as fast as fsdp in one round and peaks as high. One "
                      "round cannot tell that from noise: at a scatter of 5 % a run, about"),
            HasSubstr(" repetitions would.")));
}

TEST(Answer, DoesNotClaimWhatCannotBeTold) {
  std::vector<CellRecord> records;
  add(records, test::arm("f", "fsdp", "1", "loop"), 1e9, {10, 11, 10});
  add(records, test::arm("e", "ep", "2", "loop"), 1e9, {10.1, 10, 10.5});
  EXPECT_THAT(answer(records), AllOf(HasSubstr("Nothing is faster than fsdp"),
                                     HasSubstr("~1.01x ["), HasSubstr("repetitions would decide")));
}

TEST(Answer, SaysThatTheBaselineIsTheFastest) {
  std::vector<CellRecord> records;
  add(records, test::arm("f", "fsdp", "1", "loop"), 1e9, {10, 10.1, 10});
  add(records, test::arm("e", "ep", "2", "loop"), 1e9, {20, 20.1, 20});
  EXPECT_THAT(answer(records), HasSubstr("fsdp is the fastest; the next, ep 2, trains 0.501x ["));
}

TEST(Answer, OfAMatrixSaysWhereItPays) {
  std::vector<CellRecord> records;
  for (const char* seq_len : {"64", "128"}) {
    for (const bool is_ep : {false, true}) {
      CellRecord arm = test::arm(seq_len + std::string(is_ep ? "e" : "f"), is_ep ? "ep" : "fsdp",
                                 is_ep ? "2" : "1", "loop");
      arm.axes.emplace_back("seq_len", seq_len);
      const double runtime = is_ep && arm.axis("seq_len") == "128" ? 5 : 10;
      add(records, arm, 1e9, {runtime, runtime * 1.01, runtime});
    }
  }
  EXPECT_THAT(answer(records),
              HasSubstr("ep 2 trains 1x to 2x as fast as fsdp at 2 places of the matrix (geometric "
                        "mean 1.4x): faster at 1, slower at 0, undecided at 1."));
}

TEST(Answer, IsNeverEmpty) {
  std::vector<CellRecord> records;
  add(records, test::arm("f", "fsdp", "1", "loop"), 1e9, {10});
  EXPECT_THAT(answer(records), HasSubstr("There is one cell"));
  add(records, test::arm("e", "ep", "2", "loop"), 1e9, {10});
  records[0].disposition = record::Disposition::kOutOfMemory;
  EXPECT_THAT(answer(records),
              AllOf(HasSubstr("The baseline (parallelism=fsdp) has no cell that is ok"),
                    HasSubstr("1 of 2 cells failed")));
  records[1].disposition = record::Disposition::kOutOfMemory;
  EXPECT_THAT(answer(records), HasSubstr("2 of 2 cells failed"));
}

TEST(Label, JoinsAxesShortly) {
  const std::vector<CellRecord> records = {test::arm("a", "ep", "2", "grouped")};
  const auto scenarios = group_cells(records);
  const Cell& cell = scenarios[0].cells[0];
  EXPECT_EQ(label_of(cell, {"parallelism", "ep_degree", "expert_kernel", "ranks"}),
            "ep 2 · grouped · ranks 2");
  EXPECT_EQ(label_of(cell, {"ep_degree"}), "ep_degree 2");
  const std::vector<CellRecord> named = {test::record_of("a", {{"model", "org/granite-3b"}})};
  EXPECT_EQ(label_of(group_cells(named)[0].cells[0], {"model"}), "granite-3b");
  EXPECT_EQ(label_of(cell, {}), "");
}

}  // namespace
}  // namespace moebench::reports
