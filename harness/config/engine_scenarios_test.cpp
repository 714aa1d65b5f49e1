// The commands of the shipped scenarios of other trainers, of which no test can start one.

#include "harness/config/config_testing.h"
#include "harness/config/scenario.h"
#include "harness/testing/golden_testing.h"

namespace moebench::config {
namespace {

const std::filesystem::path kScenarioFolder = MOEBENCH_SCENARIO_FOLDER;

// The folder of the scenarios by a name of its own.
std::string without_folder(std::string text) {
  const std::string folder = kScenarioFolder.lexically_normal().string();
  for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
    text.replace(at, folder.size(), "SCENARIOS");
  }
  return text;
}

// What the cells of a file would start, a word a line.
std::string commands_of(const std::string& file) {
  std::string text;
  for (const Scenario& scenario : load_scenarios(kScenarioFolder / file)) {
    EXPECT_EQ(scenario.cannot_run, "") << scenario.name;
    EXPECT_TRUE(scenario.slow) << scenario.name;
    for (const CellConfig& cell : scenario.cells) {
      text += scenario.name + ":";
      for (const auto& [name, value] : cell.axes()) text += " " + name + "=" + value;
      text += "\nadapter " + cell.engine.adapter + "\n";
      for (const std::string& pair : cell.engine.environment) text += "  " + pair + "\n";
      for (const std::string& word : cell.engine.command) text += "  " + word + "\n";
      text += "version\n";
      for (const std::string& word : cell.engine.version) text += "  " + word + "\n";
      text += "\n";
    }
  }
  return without_folder(text);
}

TEST(ShippedEngines, FmsHfTuningsCommands) {
  expect_golden("fms-pr69-trainer.txt", commands_of("fms-pr69-trainer.yaml"));
}

TEST(ShippedEngines, TrainersCommands) {
  expect_golden("trainers.txt", commands_of("trainers.yaml"));
}

// A file that a command names lies beside the scenarios.
TEST(ShippedEngines, NameFilesThatAreThere) {
  const std::string folder = kScenarioFolder.lexically_normal().string();
  int num_files = 0;
  for (const char* file : {"fms-pr69-trainer.yaml", "trainers.yaml"}) {
    for (const Scenario& scenario : load_scenarios(kScenarioFolder / file)) {
      for (const CellConfig& cell : scenario.cells) {
        for (const std::string& word : cell.engine.command) {
          const auto at = word.find(folder);
          if (at == std::string::npos) continue;
          EXPECT_TRUE(std::filesystem::is_regular_file(word.substr(at))) << word;
          ++num_files;
        }
      }
    }
  }
  EXPECT_EQ(num_files, 4);
}

}  // namespace
}  // namespace moebench::config
