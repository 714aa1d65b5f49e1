#include "harness/session/scenario_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moebench::session {
namespace {

using record::CellRecord;
using record::ScenarioPlace;
using ::testing::ElementsAre;

config::CellConfig cell_asked(const std::vector<std::string>& asked, const std::string& file,
                              const std::vector<std::string>& all) {
  config::CellConfig cell;
  cell.model.name = "toy";
  cell.scenario = asked.front();
  cell.scenarios = asked;
  cell.file = std::make_shared<config::ScenarioOrigin>(config::ScenarioOrigin{file, all});
  return cell;
}

CellRecord recorded(const std::string& scenario, const std::vector<ScenarioPlace>& scenarios) {
  CellRecord record;
  record.scenario = scenario;
  record.scenarios = scenarios;
  record.axes = {{"model", "toy"}, {"ranks", "1"}};
  return record;
}

TEST(ScenarioPlaces, ASecondScenarioJoinsTheFirst) {
  CellRecord record = recorded("a", {{"a", "/f"}});
  EXPECT_TRUE(update_names(cell_asked({"b"}, "/f", {"a", "b"}), record));
  EXPECT_THAT(record.scenario_names(), ElementsAre("a", "b"));
  EXPECT_EQ(record.scenario, "b") << "the one that was asked for last";
  EXPECT_FALSE(update_names(cell_asked({"b"}, "/f", {"a", "b"}), record));
}

TEST(ScenarioPlaces, ARenamedScenarioLosesItsOldName) {
  CellRecord record = recorded("a", {{"a", "/f"}, {"other", "/g"}});
  EXPECT_TRUE(update_names(cell_asked({"renamed"}, "/f", {"renamed", "b"}), record));
  EXPECT_THAT(record.scenarios,
              ElementsAre(ScenarioPlace{"renamed", "/f"}, ScenarioPlace{"other", "/g"}))
      << "another file's stays";
}

TEST(ScenarioPlaces, FilesStayInTheOrderInWhichTheyCame) {
  const config::CellConfig cell = cell_asked({"b"}, "/f", {"a", "b"});
  EXPECT_THAT(all_places(cell, {{"x", "/g"}}),
              ElementsAre(ScenarioPlace{"x", "/g"}, ScenarioPlace{"b", "/f"}));
  EXPECT_THAT(
      all_places(cell, {{"a", "/f"}, {"x", "/g"}}),
      ElementsAre(ScenarioPlace{"a", "/f"}, ScenarioPlace{"b", "/f"}, ScenarioPlace{"x", "/g"}));
}

TEST(ScenarioPlaces, ARecordOfBeforeKeepsItsName) {
  CellRecord record = recorded("a", {});
  EXPECT_THAT(record.scenario_names(), ElementsAre("a"));
  EXPECT_TRUE(update_names(cell_asked({"b"}, "/f", {"a", "b"}), record));
  EXPECT_THAT(record.scenario_names(), ElementsAre("a", "b"));
  record = recorded("a", {});
  EXPECT_TRUE(update_names(cell_asked({"a"}, "/f", {"a", "b"}), record));
  EXPECT_THAT(record.scenarios, ElementsAre(ScenarioPlace{"a", "/f"}));
}

TEST(ScenarioPlaces, ABaselineIsTheLatestThatWasNamed) {
  config::CellConfig cell = cell_asked({"b"}, "/f", {"a", "b"});
  cell.file = std::make_shared<config::ScenarioOrigin>(
      config::ScenarioOrigin{"/f", {"a", "b"}, {{"a", "ranks=2"}, {"b", "ranks=1"}}});
  CellRecord record = recorded("a", {{"a", "/f", "ranks=4"}, {"b", "/f"}, {"b", "/g", "x=1"}});
  CellRecord of_another_cell = record;
  EXPECT_TRUE(update_names(cell, record));
  const std::vector<ScenarioPlace> now = {
      {"a", "/f", "ranks=4"}, {"b", "/f", "ranks=1"}, {"b", "/g", "x=1"}};
  EXPECT_EQ(record.scenarios, now) << "a was not asked for";
  EXPECT_TRUE(update_baselines(baselines_of({cell}), of_another_cell));
  EXPECT_EQ(of_another_cell.scenarios, now);
  EXPECT_FALSE(update_baselines(baselines_of({cell}), of_another_cell));
  cell.file = std::make_shared<config::ScenarioOrigin>(config::ScenarioOrigin{"/f", {"a", "b"}});
  EXPECT_TRUE(update_baselines(baselines_of({cell}), record));
  EXPECT_EQ(record.scenarios[1].baseline, "") << "the file names none any more";
}

TEST(ScenarioPlaces, AModelIsCalledAsTheFileNowCallsIt) {
  CellRecord record = recorded("a", {{"a", "/f"}});
  config::CellConfig cell = cell_asked({"a"}, "/f", {"a"});
  cell.model.label = "run1/toy";
  EXPECT_TRUE(update_names(cell, record));
  EXPECT_EQ(record.axis("model"), "run1/toy");
}

}  // namespace
}  // namespace moebench::session
