#include "harness/config/overrides.h"

#include "harness/config/config_testing.h"
#include "harness/config/scenario.h"

namespace moebench::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class OverridesTest : public ::testing::Test {
 protected:
  OverridesTest() { folder_.write("models/tiny.json", kTinyModel); }

  std::vector<Scenario> scenarios(const std::string& text, const std::vector<std::string>& set,
                                  const std::vector<std::string>& only = {}) const {
    return load_scenarios(folder_.write("s.yaml", text),
                          {.values = parse_overrides(set, "--set"), .only = only});
  }

  // The first scenario's cells, each as its values of these axes.
  std::vector<std::string> cells(const std::string& scenario, const std::vector<std::string>& set,
                                 const std::vector<std::string>& axes) const {
    std::vector<std::string> texts;
    const auto all = scenarios("scenarios:\n- name: s\n" + scenario, set);
    for (const CellConfig& cell : all.front().cells) {
      texts.emplace_back();
      for (const auto& [axis, value] : cell.axes()) {
        if (std::ranges::count(axes, axis) == 0) continue;
        texts.back() += (texts.back().empty() ? "" : " ") + value;
      }
    }
    return texts;
  }

  std::string error(const std::string& set,
                    const std::string& scenario = "  axes: {model: tiny, ranks: 2}\n") const {
    return error_of([&] { scenarios("scenarios:\n- name: s\n" + scenario, {set}); });
  }

  TestFolder folder_;
};

TEST_F(OverridesTest, TakeTheFilesPlaceInOrder) {
  const std::string axes = "  axes: {model: tiny, seq_len: [32, 64], micro_batch: [1, 2]}\n";
  EXPECT_THAT(cells(axes, {"seq_len=16"}, {"micro_batch", "seq_len"}), ElementsAre("1 16", "2 16"));
  EXPECT_THAT(cells(axes, {"seq_len=[16, 8],micro_batch=4"}, {"micro_batch", "seq_len"}),
              ElementsAre("4 16", "4 8"));
  EXPECT_THAT(
      cells(axes, {"micro_batch=4", "dtype=[bf16,fp32]", "seq_len=8"}, {"micro_batch", "dtype"}),
      ElementsAre("4 bf16", "4 fp32"))
      << "an axis that the file does not set multiplies";
}

TEST_F(OverridesTest, TakeBlanksAroundNamesAndValues) {
  const std::string axes = "  axes: {model: tiny, seq_len: 32}\n";
  EXPECT_THAT(cells(axes, {" seq_len = [16, 8],\n  settings.steps=3, micro_batch= 4 "},
                    {"micro_batch", "seq_len"}),
              ElementsAre("4 16", "4 8"));
  EXPECT_THAT(error(" = 3"), StartsWith("--set: ' = 3' is no name=value"));
  EXPECT_THAT(error("seq_len= "), StartsWith("--set: 'seq_len= ' is no name=value"));
}

TEST_F(OverridesTest, LeaveAZipItsOtherAxes) {
  const std::string zip =
      "  axes: {model: tiny}\n  zip: {ranks: [1, 2, 2], micro_batch: [4, 2, 1]}\n";
  EXPECT_THAT(cells(zip, {"ranks=4"}, {"ranks", "micro_batch"}), ElementsAre("4 4", "4 2", "4 1"));
  EXPECT_THAT(cells(zip, {"micro_batch=8"}, {"ranks", "micro_batch"}), ElementsAre("1 8", "2 8"))
      << "cells that became the same are one";
}

TEST_F(OverridesTest, TakeThePlaceOfDefaultsAndSettings) {
  const auto all = scenarios(
      "defaults:\n  axes: {model: tiny, seq_len: 32}\n  settings: {steps: 5}\n"
      "scenarios:\n- {name: a, settings: {steps: 7}}\n- {name: b}\n",
      {"seq_len=16,settings.steps=3", "settings.data={source: text, files: [t.txt, 'u,v.txt']}"});
  for (const Scenario& scenario : all) {
    const CellConfig& cell = scenario.cells.front();
    EXPECT_EQ(cell.seq_len, 16);
    EXPECT_EQ(cell.steps, 3);
    const auto here = std::filesystem::current_path();
    EXPECT_THAT(cell.data.files,
                ElementsAre((here / "t.txt").string(), (here / "u,v.txt").string()));
  }
}

// A name is of a model beside the scenario all the same.
TEST_F(OverridesTest, AModelsPathIsRelativeToTheCurrentFolder) {
  const std::string file = "scenarios: [{name: s, axes: {model: tiny}}]";
  const auto model_of = [&](const std::string& model) {
    return scenarios(file, {"model=" + model}).front().cells.front().model.name;
  };
  TestFolder other;
  other.write("here.json", kTinyModel);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(other.path());
  EXPECT_EQ(model_of("here.json"), "here");
  EXPECT_EQ(model_of("models/tiny.json"), "tiny");
  EXPECT_EQ(model_of("tiny"), "tiny");
  EXPECT_THAT(error_of([&] { model_of("none.json"); }),
              HasSubstr("no file " + (other.path() / "none.json").string()));
  std::filesystem::current_path(before);
}

TEST_F(OverridesTest, AreForTheScenariosThatAreNamed) {
  const std::string two = "defaults: {axes: {model: tiny}}\nscenarios: [{name: a}, {name: b}]\n";
  const auto all = scenarios(two, {"seq_len=16"}, {"b"});
  EXPECT_EQ(all[0].cells.front().seq_len, 256);
  EXPECT_EQ(all[1].cells.front().seq_len, 16);
}

TEST_F(OverridesTest, GiveTheIdOfTheCellThatTheFileWouldHave) {
  const auto id = [&](const std::string& seq_len, const std::vector<std::string>& set) {
    return scenarios("scenarios: [{name: s, axes: {model: tiny, seq_len: " + seq_len + "}}]", set)
        .front()
        .cells.front()
        .id();
  };
  EXPECT_EQ(id("32", {"seq_len=64"}), id("64", {}));
  EXPECT_NE(id("32", {}), id("64", {}));
}

TEST_F(OverridesTest, LetConditionsMatchNothing) {
  const std::string scenario =
      "  axes: {model: tiny, ranks: 2, parallelism: [fsdp, ep], ep_degree: [1, 2]}\n"
      "  exclude: [{parallelism: fsdp, ep_degree: 2}, {parallelism: ep, ep_degree: 1}]\n"
      "  baseline: {parallelism: fsdp}\n"
      "  known_failures: [{where: {parallelism: fsdp}, reason: r}]\n";
  EXPECT_THAT(cells(scenario, {"parallelism=ep"}, {"parallelism", "ep_degree"}),
              ElementsAre("ep 2"));
}

TEST_F(OverridesTest, LeaveOutAResumptionThatMakesOtherSteps) {
  const std::string scenario =
      "  axes: {model: tiny, ranks: 2}\n  resume_as: {ranks: 1, grad_accumulation: 2}\n";
  const auto resumed = [&](const char* set) {
    return scenarios("scenarios:\n- name: s\n" + scenario, {set}).front().cells.front().resumed_as;
  };
  EXPECT_EQ(resumed("ranks=4"), nullptr);
  EXPECT_NE(resumed("seq_len=16"), nullptr);
}

TEST_F(OverridesTest, NameThemselvesInErrors) {
  EXPECT_THAT(error("seq_len=abc"),
              StartsWith("--set seq_len=abc: axis 'seq_len': expected an integer from 1 to"));
  EXPECT_THAT(error("settings.steps=[1, 2]"),
              StartsWith("--set settings.steps=[1, 2]: setting 'steps': expected an integer"));
  EXPECT_THAT(error("settings.data={source: text, files: []}"),
              StartsWith("--set settings.data={source: text, files: []}: setting 'data': source"));
  EXPECT_THAT(error("seq_len=[1"), StartsWith("--set seq_len=[1: not valid YAML: "));
  EXPECT_EQ(error("seq_len"),
            "--set: 'seq_len' is no name=value, such as seq_len=64 or settings.steps=3");
  EXPECT_THAT(error("steps=3"), HasSubstr("it is a setting: write settings.steps=..."));
  EXPECT_THAT(error("settings.seq_len=3"), HasSubstr("it is an axis: write seq_len=..."));
  EXPECT_THAT(error("settings.stps=3"), HasSubstr("did you mean 'steps'?"));
  EXPECT_THAT(error("seq_len=8,seq_len=16"), HasSubstr("write 'seq_len=[a, b]'"));
  EXPECT_THAT(error("sq_len=8"), AllOf(StartsWith("--set sq_len=8: unknown axis 'sq_len', and no"),
                                       HasSubstr("did you mean 'seq_len'?")));
}

TEST_F(OverridesTest, AreNamedWhereTheFilesOwnValueNoLongerFits) {
  EXPECT_THAT(error("ranks=2", "  axes: {model: tiny, ranks: 4, parallelism: ep, ep_degree: 4}\n"),
              AllOf(HasSubstr("s.yaml:3: axis 'ep_degree': 4 does not divide world_size 2"),
                    HasSubstr("(with ranks from the command line)")));
}

TEST_F(OverridesTest, SetParametersOfTheScenariosThatHaveThem) {
  const std::string file = R"(
engines: {mine: {command: [train, "{size}"]}}
scenarios:
  - {name: own, axes: {model: tiny}}
  - {name: theirs, axes: {engine: mine}, parameters: {size: [1, 2]}}
)";
  const auto all = scenarios(file, {"size=[7, 8]"});
  EXPECT_EQ(all[0].cells.size(), 1U);
  ASSERT_EQ(all[1].cells.size(), 2U);
  EXPECT_THAT(all[1].cells[0].engine.parameters, ElementsAre("size=7"));
}

}  // namespace
}  // namespace moebench::config
