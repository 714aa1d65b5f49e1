#include "harness/session/comparisons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/session/plan.h"
#include "harness/session/toy_model_testing.h"
#include "harness/testing/test_folder.h"

namespace moebench::session {
namespace {

using ::testing::ElementsAre;

class Comparisons : public ::testing::Test {
 protected:
  // Those of a file with these scenarios.
  std::vector<config::CellConfig> cells(const std::string& scenarios) const {
    std::filesystem::create_directories(folder_ / "models");
    write_file_atomically(folder_ / "models" / "toy.json", kToyModel);
    write_file_atomically(folder_ / "file.yaml",
                          "defaults: {axes: {model: toy, ranks: 2, seq_len: 16}}\n"
                          "scenarios:\n" +
                              scenarios);
    Selection selection;
    selection.file = (folder_ / "file.yaml").string();
    return cells_to_run(select_scenarios(selection), selection);
  }
  static std::vector<std::vector<std::size_t>> arms(const std::vector<config::CellConfig>& cells) {
    std::vector<std::vector<std::size_t>> all;
    for (const Comparison& comparison : comparisons_of(cells)) all.push_back(comparison.arms);
    return all;
  }

  std::filesystem::path folder_ = test_folder();
};

TEST_F(Comparisons, AreOfTheKindsOfTrainingThatAreEqualOtherwise) {
  const auto all =
      cells("  - {name: s, axes: {parallelism: [fsdp, ep], seq_len: [16, 32], dtype: [bf16]}}\n");
  const auto comparisons = comparisons_of(all);
  EXPECT_THAT(arms(all), ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3)))
      << "ep's degree, which fsdp does not have, counts for nothing";
  EXPECT_EQ(comparisons[0].name, "seq_len=16");
  EXPECT_EQ(comparisons[1].name, "seq_len=32");
  EXPECT_THAT(comparisons[0].axes, ElementsAre("parallelism"));
  EXPECT_THAT(comparisons_of(cells("  - {name: s, axes: {parallelism: ep, ep_degree: [1, 2]}, "
                                   "baseline: {ep_degree: 1}}\n"))[0]
                  .axes,
              ElementsAre("ep_degree"));
}

TEST_F(Comparisons, AreOfTheBaselinesAxes) {
  EXPECT_THAT(arms(cells("  - {name: s, axes: {parallelism: [fsdp, ep], seq_len: [16, 32]}, "
                         "baseline: {seq_len: 16}}\n")),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
}

TEST_F(Comparisons, AreOfAllCellsWhereNothingElseIsCompared) {
  EXPECT_THAT(arms(cells("  - {name: s, axes: {seq_len: [16, 32], micro_batch: [1, 2]}}\n")),
              ElementsAre(ElementsAre(0, 1, 2, 3)));
}

TEST_F(Comparisons, JoinWhereScenariosShareACell) {
  EXPECT_THAT(arms(cells("  - {name: a, axes: {expert_kernel: [loop, grouped]}}\n"
                         "  - {name: b, axes: {parallelism: [fsdp, ep]}}\n"
                         "  - {name: c, axes: {parallelism: ep, seq_len: 32}}\n")),
              ElementsAre(ElementsAre(0, 1, 2), ElementsAre(3)));
}

TEST_F(Comparisons, StandSideBySideAndTurnRound) {
  auto all = cells("  - {name: s, axes: {parallelism: [fsdp, ep], seq_len: [16, 32]}}\n");
  for (auto& cell : all) cell.repeats = 2;
  const auto plan = make_plan(all, Order::kRounds, 0);
  std::string text;
  for (const PlannedRun& run : plan) {
    text += axis_of(run.cell, "parallelism") + axis_of(run.cell, "seq_len") + "#" +
            std::to_string(run.repetition) + " ";
  }
  EXPECT_EQ(text, "fsdp16#0 ep16#0 ep32#0 fsdp32#0 fsdp32#1 ep32#1 ep16#1 fsdp16#1 ");
}

}  // namespace
}  // namespace moebench::session
