#include "harness/session/scenario_places.h"

#include <algorithm>

#include "harness/config/axis_table.h"
#include "harness/launch/run_cell.h"

namespace moebench::session {
namespace {

using record::ScenarioPlace;

constexpr const char* kModelAxis = "model";

bool is_same(const ScenarioPlace& a, const ScenarioPlace& b) {
  return a.name == b.name && a.file == b.file;
}

// nullptr where there is none.
const ScenarioPlace* find(const std::vector<ScenarioPlace>& places, const ScenarioPlace& wanted) {
  const auto found = std::ranges::find_if(
      places, [&](const ScenarioPlace& place) { return is_same(place, wanted); });
  return found == places.end() ? nullptr : &*found;
}

}  // namespace

std::vector<ScenarioPlace> all_places(const config::CellConfig& cell,
                                      const std::vector<ScenarioPlace>& before) {
  const std::vector<ScenarioPlace> asked = launch::scenario_places(cell);
  if (!cell.file) return asked;
  std::vector<ScenarioPlace> own;
  for (const std::string& name : cell.file->scenarios) {
    const ScenarioPlace place{name, cell.file->path};
    const ScenarioPlace* known = find(before, place);
    const ScenarioPlace* now = find(asked, place);
    if (known == nullptr && now == nullptr) continue;
    own.push_back(known == nullptr ? *now : *known);
    if (now != nullptr) own.back().baseline = now->baseline;
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

Baselines baselines_of(const std::vector<config::CellConfig>& cells) {
  Baselines baselines;
  for (const config::CellConfig& cell : cells) {
    for (const ScenarioPlace& place : launch::scenario_places(cell)) {
      baselines[{place.name, place.file}] = place.baseline;
    }
  }
  return baselines;
}

bool update_baselines(const Baselines& baselines, record::CellRecord& record) {
  bool is_changed = false;
  for (ScenarioPlace& place : record.scenarios) {
    const auto now = baselines.find({place.name, place.file});
    if (now == baselines.end() || now->second == place.baseline) continue;
    place.baseline = now->second;
    is_changed = true;
  }
  return is_changed;
}

}  // namespace moebench::session
