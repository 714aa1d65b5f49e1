#include "harness/session/scenario_places.h"

#include <algorithm>

#include "harness/config/axis_table.h"

namespace moebench::session {
namespace {

using record::ScenarioPlace;

constexpr const char* kModelAxis = "model";

}  // namespace

std::vector<ScenarioPlace> asked_places(const config::CellConfig& cell) {
  std::vector<ScenarioPlace> places;
  for (const std::string& name : cell.scenarios) {
    places.push_back({name, cell.file ? cell.file->path : ""});
  }
  return places;
}

std::vector<ScenarioPlace> all_places(const config::CellConfig& cell,
                                      const std::vector<ScenarioPlace>& before) {
  const std::vector<ScenarioPlace> asked = asked_places(cell);
  if (!cell.file) return asked;
  std::vector<ScenarioPlace> own;
  for (const std::string& name : cell.file->scenarios) {
    const ScenarioPlace place{name, cell.file->path};
    if (std::ranges::count(asked, place) + std::ranges::count(before, place) > 0) {
      own.push_back(place);
    }
  }
  // Files stay in the order in which they came.
  std::vector<ScenarioPlace> places = before;
  const auto is_own = [&](const ScenarioPlace& place) { return place.file == cell.file->path; };
  const auto first = std::ranges::find_if(places, is_own) - places.begin();
  std::erase_if(places, is_own);
  places.insert(places.begin() + first, own.begin(), own.end());
  return places;
}

bool update_names(const config::CellConfig& cell, record::CellRecord& record) {
  std::vector<ScenarioPlace> before = record.scenarios;
  // One of before records named all their scenarios, and their files.
  if (before.empty() && std::ranges::count(cell.scenarios, record.scenario) == 0) {
    before = {{record.scenario, ""}};
  }
  const std::vector<ScenarioPlace> places = all_places(cell, before);
  bool is_changed = places != record.scenarios;
  record.scenarios = places;
  record.scenario = cell.scenario;
  const std::string model = config::find_axis(config::axis_table(), kModelAxis)->text(cell);
  for (auto& [axis, value] : record.axes) {
    if (axis != kModelAxis || value == model) continue;
    value = model;
    is_changed = true;
  }
  return is_changed;
}

}  // namespace moebench::session
