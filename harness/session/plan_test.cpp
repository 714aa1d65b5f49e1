#include "harness/session/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/session/results_folder.h"
#include "harness/session/toy_model_testing.h"
#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"

namespace moebench::session {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kScenarios = R"(
defaults:
  axes: {model: toy, ranks: 2, seq_len: 16}
scenarios:
  - name: quick
    axes:
      parallelism: [fsdp, ep]
      expert_kernel: [loop, grouped]
  - name: long
    slow: true
    axes: {parallelism: [fsdp]}
    settings: {steps: 100}
)";

class PlanTest : public ::testing::Test {
 protected:
  PlanTest() {
    fs::create_directories(folder_ / "models");
    write_file_atomically(folder_ / "models" / "toy.json", kToyModel);
    write_file_atomically(folder_ / "file.yaml", kScenarios);
    selection_.file = (folder_ / "file.yaml").string();
  }

  std::vector<config::CellConfig> cells() const {
    return cells_to_run(select_scenarios(selection_), selection_);
  }
  std::string error() const {
    return error_of([&] { cells(); });
  }

  fs::path folder_ = test_folder();
  Selection selection_;
};

TEST_F(PlanTest, ABaselineIsNamedWhereAScenarioHasIt) {
  write_file_atomically(folder_ / "file.yaml", R"(
defaults:
  axes: {model: toy, ranks: 2, seq_len: 16}
scenarios:
  - {name: kernels, axes: {expert_kernel: [loop, grouped]}, baseline: {expert_kernel: loop}}
  - {name: long, axes: {seq_len: [32, 64]}, baseline: {seq_len: 32}}
)");
  auto all = cells();
  name_baseline({"parallelism=fsdp", "expert_kernel=grouped"}, selection_, all);
  EXPECT_EQ(all[0].file->baselines.at("kernels"), "parallelism=fsdp,expert_kernel=grouped");
  EXPECT_EQ(all[2].file->baselines.at("long"), "seq_len=32") << "has no such cell";
  selection_.filters = {"expert_kernel=grouped"};
  auto filtered = cells();
  name_baseline({"expert_kernel=loop"}, selection_, filtered);
  EXPECT_EQ(filtered[0].file->baselines.at("kernels"), "expert_kernel=loop");
  EXPECT_EQ(error_of([&] { name_baseline({"paralelism=fsdp"}, selection_, all); }),
            "--baseline: no axis 'paralelism'; did you mean 'parallelism'?");
  EXPECT_EQ(error_of([&] { name_baseline({"parallelism=ep"}, selection_, all); }),
            "--baseline: no cell has parallelism=ep; its values are fsdp");
  EXPECT_EQ(error_of([&] {
              name_baseline({"expert_kernel=grouped", "seq_len=32"}, selection_, all);
            }),
            "--baseline: no cell has all of expert_kernel=grouped,seq_len=32; give fewer of them");
}

TEST_F(PlanTest, ACellIsResumedInEveryWayThatIsAsked) {
  write_file_atomically(folder_ / "file.yaml", R"(
defaults:
  axes: {model: toy, ranks: 2, seq_len: 16}
scenarios:
  - {name: same}
  - {name: again}
  - {name: other, resume_as: {parallelism: ep}}
)");
  EXPECT_EQ(cells().size(), 1U);
  const auto resumed = cells_to_resume(select_scenarios(selection_), selection_);
  ASSERT_EQ(resumed.size(), 2U);
  EXPECT_EQ(resumed[1].scenario, "other");
}

TEST_F(PlanTest, ASharedCellKnowsAllItsScenariosAndTheMostThatTheyAsk) {
  write_file_atomically(folder_ / "file.yaml", R"(
defaults:
  axes: {model: toy, seq_len: 16}
scenarios:
  - {name: kernels, axes: {expert_kernel: [loop, grouped]}}
  - {name: slow, slow: true}
  - {name: recomputation, axes: {activation_checkpointing: [false, true]}, settings: {repeats: 3}}
)");
  const auto all = cells();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_THAT(all[0].scenarios, ElementsAre("kernels", "recomputation"));
  EXPECT_EQ(all[0].repeats, 3);
  EXPECT_THAT(all[1].scenarios, ElementsAre("kernels"));
  EXPECT_EQ(all[1].repeats, 1);
  selection_.only = {"slow", "recomputation"};
  EXPECT_THAT(cells()[0].scenarios, ElementsAre("slow", "recomputation"));
}

TEST_F(PlanTest, WhatCannotRunIsSaidWhenItIsAskedFor) {
  write_file_atomically(folder_ / "file.yaml", R"(
defaults:
  axes: {model: toy, seq_len: 16}
scenarios:
  - {name: other, arguments: {lora_rank: 8}}
  - {name: moe, framework_config: [null]}
  - {name: slow, slow: true, framework_config: some-plugin}
)");
  EXPECT_THAT(error(), AllOf(HasSubstr("scenario 'other' cannot run here: "),
                             HasSubstr("unknown argument 'lora_rank'"),
                             HasSubstr("to run what can: --only moe")));
  selection_.only = {"moe"};
  EXPECT_EQ(cells().size(), 1U);
  selection_.only = {"moe", "slow"};
  EXPECT_THAT(error(), HasSubstr("unknown framework 'some-plugin'"));
  selection_.only = {"slow"};
  EXPECT_THAT(error(), HasSubstr("file.yaml:7: key 'framework_config': unknown framework"));
  selection_.only = {};
  EXPECT_EQ(select_scenarios(selection_).size(), 3U) << "as list shows them";

  write_file_atomically(folder_ / "file.yaml",
                        "scenarios: [{name: a, arguments: {x: 1}}, {name: b, arguments: {y: 1}}]");
  EXPECT_EQ(select_scenarios(selection_).size(), 2U);
  EXPECT_THAT(error(), AllOf(HasSubstr("scenario 'a' cannot run here"), Not(HasSubstr("--only"))));
}

TEST_F(PlanTest, RepetitionsAreBounded) {
  auto some = cells();
  for (auto& cell : some) cell.repeats = 10'000;
  EXPECT_EQ(error_of([&] { make_plan({some[0]}, Order::kListed, 0); }), "no error");
  std::vector<config::CellConfig> many(11, some[0]);
  EXPECT_THAT(error_of([&] { make_plan(many, Order::kListed, 0); }),
              HasSubstr("11 cells are 110000 repetitions, more than 100000"));
}

TEST_F(PlanTest, SlowScenariosRunOnlyWhenNamed) {
  EXPECT_EQ(cells().size(), 4U);
  selection_.only = {"long"};
  ASSERT_EQ(cells().size(), 1U);
  EXPECT_EQ(cells()[0].scenario, "long");
}

TEST_F(PlanTest, FiltersOfOneAxisAddAndOfTwoCut) {
  selection_.filters = {"parallelism=fsdp", "parallelism=ep", "expert_kernel=loop"};
  EXPECT_EQ(cells().size(), 2U);
  selection_.filters = {" expert_kernel = loop "};
  EXPECT_EQ(cells().size(), 2U);
  selection_.filters = {"expert_kernel= "};
  EXPECT_THAT(error(), HasSubstr("is no axis=value"));
}

TEST_F(PlanTest, UnknownWordsNameTheKnownOnes) {
  selection_.filters = {"parallelsim=ep"};
  EXPECT_THAT(error(), HasSubstr("parallelism"));
  selection_.filters = {"parallelism=tp"};
  EXPECT_THAT(error(), HasSubstr("its values are ep, fsdp"));
  selection_.filters = {};
  selection_.only = {"quik"};
  EXPECT_THAT(error(), HasSubstr("quick"));
  selection_.only = {"long"};
  selection_.filters = {"parallelism=ep"};
  EXPECT_THAT(error(), HasSubstr("no cell has parallelism=ep"));
}

TEST_F(PlanTest, OnlySlowScenariosLeftIsAnError) {
  write_file_atomically(folder_ / "file.yaml",
                        "scenarios: [{name: long, slow: true, axes: {model: toy, seq_len: 16}}]");
  EXPECT_THAT(error(), HasSubstr("--only long"));
}

TEST_F(PlanTest, RanksOverrideIsValidated) {
  selection_.ranks = 4;
  EXPECT_EQ(cells()[0].ranks, 4);
  EXPECT_THAT(cells()[0].axes(), Contains(std::pair<std::string, std::string>("ranks", "4")));
}

TEST_F(PlanTest, RoundsInterleaveRepetitions) {
  auto some = cells();
  for (auto& cell : some) cell.repeats = 2;
  some[0].repeats = 3;
  const auto listed = make_plan(some, Order::kListed, 1);
  ASSERT_EQ(listed.size(), 9U);
  EXPECT_EQ(listed[3].repetition, 0);
  EXPECT_EQ(listed[4].repetition, 1);
  EXPECT_EQ(listed[8].cell.id(), some[0].id());

  const auto keys = [](const std::vector<PlannedRun>& plan, bool sorted) {
    std::vector<std::pair<std::string, int>> result;
    for (const PlannedRun& run : plan) result.push_back(run.key());
    if (sorted) std::ranges::sort(result);
    return result;
  };
  const auto random = make_plan(some, Order::kRandom, plan_seed(some));
  EXPECT_EQ(keys(random, true), keys(listed, true));
  EXPECT_EQ(keys(random, false), keys(make_plan(some, Order::kRandom, plan_seed(some)), false));
  bool some_other_order = false;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    some_other_order |= keys(make_plan(some, Order::kRandom, seed), false) != keys(listed, false);
  }
  EXPECT_TRUE(some_other_order);
  EXPECT_EQ(random[3].repetition, 0) << "a round is shuffled in itself";
}

TEST_F(PlanTest, NamesTellCellsApart) {
  const auto some = cells();
  EXPECT_THAT(varying_axes(some), ElementsAre("parallelism", "ep_degree", "expert_kernel"));
  EXPECT_EQ(describe(some[0], {"parallelism", "expert_kernel"}),
            "parallelism=fsdp expert_kernel=loop");
  EXPECT_EQ(describe(some[0], {}), "quick");
  EXPECT_THAT(varying_axes({some[0]}), IsEmpty());
}

TEST(Plan, AxisAndValueAreParted) {
  EXPECT_EQ(parse_pair("a=b=c", "--filter"), (std::pair<std::string, std::string>("a", "b=c")));
  for (const char* text : {"", "a", "=b", "a="}) {
    EXPECT_THROW(parse_pair(text, "--filter"), Error) << text;
  }
}

TEST_F(PlanTest, FolderIsHeldByOneRun) {
  const fs::path path = folder_ / "results";
  {
    const ResultsFolder first(path);
    EXPECT_THROW(ResultsFolder second(path), Error);
  }
  EXPECT_NO_THROW(ResultsFolder third(path));
}

TEST_F(PlanTest, FolderIsSharedByRunsOfDifferentCells) {
  const fs::path path = folder_ / "results";
  const std::vector<std::string> some = {"000000000001", "ffffffffffff"}, others = {"000000000002"};
  {
    const ResultsFolder first(path, some);
    EXPECT_NO_THROW(ResultsFolder(path, others));
    EXPECT_THAT(error_of([&] { ResultsFolder(path, {"ffffffffffff"}); }),
                HasSubstr("another run measures cell ffffffffffff"));
    EXPECT_THROW(ResultsFolder whole(path), Error);
  }
  const ResultsFolder whole(path);
  EXPECT_THROW(ResultsFolder(path, others), Error);
}

TEST_F(PlanTest, RemovesResultsAndNothingElse) {
  const ResultsFolder results(folder_);
  fs::create_directories(folder_ / "cells");
  results.remove_results();
  EXPECT_TRUE(fs::exists(folder_ / "cells")) << "no results.jsonl: not ours to remove";
  write_file_atomically(folder_ / "results.jsonl", "");
  results.remove_results();
  EXPECT_FALSE(fs::exists(folder_ / "cells") || fs::exists(folder_ / "results.jsonl"));
  EXPECT_TRUE(fs::exists(folder_ / "file.yaml"));
}

}  // namespace
}  // namespace moebench::session
