#include "harness/config/model_labels.h"

#include "harness/config/config_testing.h"

namespace moebench::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModelLabels : public ::testing::Test {
 protected:
  ModelLabels() {
    folder_.write("models/tiny.json", kTinyModel);
    add("run1/final", 8);
    add("run2/final", 16);
  }

  void add(const std::string& path, int num_experts) {
    std::string model = kTinyModel;
    model.replace(model.find("experts\": 8") + 10, 1, std::to_string(num_experts));
    folder_.write(path + "/config.json", model);
  }
  std::vector<Scenario> load(const std::string& scenarios) {
    return load_scenarios(folder_.write("s.yaml", "scenarios:\n" + scenarios));
  }
  static std::vector<std::string> models(const std::vector<Scenario>& scenarios) {
    std::vector<std::string> names;
    for (const Scenario& scenario : scenarios) {
      for (const CellConfig& cell : scenario.cells) names.push_back(cell.axes().front().second);
    }
    return names;
  }

  TestFolder folder_;
};

TEST_F(ModelLabels, AreNamesWhereNamesDo) {
  const auto scenarios = load("- {name: s, axes: {model: [tiny, run1/final]}}\n");
  EXPECT_THAT(models(scenarios), ElementsAre("tiny", "final"));
}

TEST_F(ModelLabels, AreTheShortestPathsThatDiffer) {
  add("a/run1/final", 24);
  const auto scenarios = load(
      "- {name: s, axes: {model: [run1/final, run2/final, tiny]}}\n"
      "- {name: t, axes: {model: a/run1/final}}\n");
  const std::string top = folder_.path().filename().string();
  EXPECT_THAT(models(scenarios),
              ElementsAre(top + "/run1/final", "run2/final", "tiny", "a/run1/final"));
}

TEST_F(ModelLabels, LeaveIdsAlone) {
  const auto alone = load("- {name: s, axes: {model: run1/final}}\n");
  const auto both = load("- {name: s, axes: {model: [run1/final, run2/final]}}\n");
  EXPECT_EQ(both[0].cells[0].axes().front().second, "run1/final");
  EXPECT_EQ(alone[0].cells[0].id(), both[0].cells[0].id());
}

TEST_F(ModelLabels, ConditionsMeanTheModelThatTheyName) {
  const auto scenarios = load(
      "- name: s\n  axes: {model: [run1/final, run2/final]}\n"
      "  known_failures: [{where: {model: run2/final}, reason: known}]\n"
      "- name: t\n  axes: {model: [run1/final, run2/final]}\n"
      "  exclude: [{model: run1/final}]\n");
  EXPECT_FALSE(scenarios[0].cells[0].known_failure);
  EXPECT_TRUE(scenarios[0].cells[1].known_failure);
  EXPECT_THAT(models({scenarios[1]}), ElementsAre("run2/final"));
}

TEST_F(ModelLabels, FilesOfOneNameAreToldApartToo) {
  folder_.write("x/m.json", kTinyModel);
  std::string other = kTinyModel;
  other.replace(other.find("experts\": 8") + 10, 1, "16");
  folder_.write("y/m.json", other);
  EXPECT_THAT(models(load("- {name: s, axes: {model: [x/m.json, y/m.json]}}\n")),
              ElementsAre("x/m", "y/m"));
}

TEST_F(ModelLabels, EqualModelsAreOne) {
  add("run3/final", 8);
  EXPECT_THAT(models(load("- {name: s, axes: {model: run1/final}}\n"
                          "- {name: t, axes: {model: run3/final}}\n")),
              ElementsAre("final", "final"));
  EXPECT_THAT(error_of([&] { load("- {name: s, axes: {model: [run1/final, run3/final]}}\n"); }),
              HasSubstr("cells 1 and 2 are the same (model=final"));
}

}  // namespace
}  // namespace moebench::config
