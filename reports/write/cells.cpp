#include "reports/write/cells.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/config/cell.h"
#include "harness/record/program.h"
#include "reports/write/axis_values.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using record::Disposition;

// No axis of records: what tells cells apart where no axis does.
constexpr const char* kIdAxis = "id";

// A trainer states only the axes that it takes: what it says nothing of tells no cell from another.
bool differs(const std::vector<Cell>& cells, const std::string& axis) {
  std::set<std::string> values;
  for (const Cell& cell : cells) values.insert(cell.axis(axis));
  values.erase("");
  return values.size() > 1;
}

bool all_state(const std::vector<Cell>& cells, const std::string& axis) {
  return std::ranges::none_of(cells, [&](const Cell& cell) { return cell.axis(axis).empty(); });
}

// Tells whether two cells agree in all axes: then settings, which no axis shows, tell them apart.
bool has_equal_rows(const ScenarioCells& scenario) {
  std::set<std::vector<std::string>> rows;
  return !std::ranges::all_of(scenario.cells, [&](const Cell& cell) {
    std::vector<std::string> row;
    for (const std::string& axis : scenario.varying_axes) row.push_back(cell.axis(axis));
    return rows.insert(std::move(row)).second;
  });
}

void find_axes(ScenarioCells& scenario) {
  std::vector<const CellRecord*> firsts;
  for (const Cell& cell : scenario.cells) firsts.push_back(&cell.first());
  for (const std::string& name : axis_names(firsts)) {
    if (differs(scenario.cells, name)) {
      scenario.varying_axes.push_back(name);
    } else if (all_state(scenario.cells, name)) {
      scenario.constant_axes.push_back(name);
    }
  }
  if (has_equal_rows(scenario)) scenario.varying_axes.push_back(kIdAxis);
}

void add_once(const std::string& text, std::vector<std::string>& texts) {
  if (!text.empty() && std::ranges::find(texts, text) == texts.end()) texts.push_back(text);
}

// "parallelism=ep,routing=skewed(1,2)": commas within brackets part nothing.
std::vector<std::pair<std::string, std::string>> parse_axis_values(const std::string& text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
    if (c == ',' && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  std::vector<std::pair<std::string, std::string>> values;
  for (const std::string& part : parts) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) continue;
    values.emplace_back(part.substr(0, equals), part.substr(equals + 1));
  }
  return values;
}

// The item of this key; a new one behind the others where there is none.
template <typename Key, typename Item>
Item& find_or_add(std::map<Key, std::size_t>& places, std::vector<Item>& items, const Key& key) {
  const auto [found, is_new] = places.try_emplace(key, items.size());
  return is_new ? items.emplace_back() : items[found->second];
}

const CellRecord& find_typical(const std::vector<const CellRecord*>& repetitions) {
  for (const char* time : {"runtime", "load_time", "benchmark_real_time"}) {
    std::vector<std::pair<double, const CellRecord*>> timed;
    for (const auto* repetition : repetitions) {
      if (const auto value = repetition->value(time)) timed.emplace_back(*value, repetition);
    }
    if (timed.empty()) continue;
    const auto middle = timed.begin() + (std::ssize(timed) - 1) / 2;
    std::ranges::nth_element(timed, middle, {}, [](const auto& one) { return one.first; });
    return *middle->second;
  }
  return *repetitions.front();
}

}  // namespace

std::string Cell::axis(std::string_view name) const {
  if (name == kIdAxis) return id();
  const std::string stated = first().axis(name);
  // A record that names its engine states all axes that have an effect there.
  const bool is_complete = !first().axis("engine").empty();
  return stated.empty() && !is_complete ? config::unstated_axis(name) : stated;
}

const CellRecord* Cell::failure() const {
  const auto found = std::find_if(repetitions.begin(), repetitions.end(),
                                  [](const auto* r) { return r->disposition != Disposition::kOk; });
  return found == repetitions.end() ? nullptr : *found;
}

const CellRecord& Cell::typical() const {
  if (typical_ == nullptr) typical_ = &find_typical(repetitions);
  return *typical_;
}

std::optional<std::pair<double, double>> Cell::spread(std::string_view metric) const {
  const auto middle = value(metric);
  if (!middle || *middle == 0) return std::nullopt;
  double smallest = *middle;
  double largest = *middle;
  for (const auto* repetition : repetitions) {
    const double number = repetition->value(metric).value_or(*middle);
    smallest = std::min(smallest, number);
    largest = std::max(largest, number);
  }
  return std::pair(smallest / *middle - 1, largest / *middle - 1);
}

std::vector<std::string> Cell::programs() const {
  std::vector<std::string> programs;
  for (const auto* repetition : repetitions) {
    add_once(record::program_of(*repetition), programs);
  }
  return programs;
}

std::vector<std::string> ScenarioCells::programs() const {
  std::map<std::string, std::vector<std::string>> by_engine;
  for (const Cell& cell : cells) {
    for (const std::string& program : cell.programs()) {
      add_once(program, by_engine[cell.axis("engine")]);
    }
  }
  std::vector<std::string> programs;
  for (const auto& [engine, of_engine] : by_engine) {
    if (of_engine.size() < 2 && by_engine.size() > 1) continue;
    for (const std::string& program : of_engine) add_once(program, programs);
  }
  return programs;
}

std::vector<Cell> ScenarioCells::ok_cells() const {
  std::vector<Cell> ok = cells;
  std::erase_if(ok, [](const Cell& cell) { return !cell.ok(); });
  return ok;
}

std::vector<CellRecord> with_arms(std::vector<CellRecord> records) {
  for (CellRecord& record : records) {
    if (!record.pair) continue;
    record.axes.insert(record.axes.begin(), {"arm", to_string(record.pair->arm)});
  }
  return records;
}

std::vector<ScenarioCells> group_cells(const std::vector<CellRecord>& records) {
  if (records.empty()) {
    throw Error("there are no results to report; run a scenario into this folder first");
  }
  using CellKey = std::array<std::string, 4>;  // scenario, id, arm, results folder
  std::vector<ScenarioCells> scenarios;
  std::map<std::string, std::size_t> scenario_places;
  std::map<CellKey, std::size_t> cell_places;
  for (const CellRecord& r : records) {
    for (const std::string& name : r.scenario_names()) {
      ScenarioCells& scenario = find_or_add(scenario_places, scenarios, name);
      scenario.name = name;
      const CellKey key = {name, r.id, r.axis("arm"), r.axis(kResultsAxis)};
      find_or_add(cell_places, scenario.cells, key).repetitions.push_back(&r);
    }
  }
  for (ScenarioCells& scenario : scenarios) find_axes(scenario);
  for (const CellRecord& r : records) {
    for (const record::ScenarioPlace& place : r.scenarios) {
      ScenarioCells& scenario = scenarios[scenario_places.at(place.name)];
      scenario.baseline = parse_axis_values(place.baseline);  // as the last record has it
    }
  }
  return scenarios;
}

std::vector<std::string> axis_names(const std::vector<const CellRecord*>& records) {
  std::vector<std::string> names;
  for (const auto* r : records) {
    for (const auto& [name, value] : r->axes) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

bool is_degree(std::string_view axis) { return axis == "ep_degree" || axis == "shard_degree"; }

std::string describe(const Cell& cell, const std::vector<std::string>& axes) {
  std::string text;
  for (const auto& name : axes) {
    const std::string value = cell.axis(name);
    if (value.empty()) continue;
    text += (text.empty() ? "" : " · ") + name + " " + value;
  }
  return text;
}

const char* disposition_word(Disposition disposition) {
  switch (disposition) {
    case Disposition::kOk:
      return "ok";
    case Disposition::kIncorrect:
      return "INCORRECT";
    case Disposition::kOutOfMemory:
      return "OOM";
    case Disposition::kTimedOut:
      return "TIMED OUT";
    case Disposition::kCrashed:
      return "CRASHED";
    case Disposition::kUnsupported:
      return "UNSUPPORTED";
  }
  MOEBENCH_CHECK(!"a disposition outside its enumeration");
}

bool recomputes(const Cell& cell) {
  const auto hardware = cell.value("hardware_flops");
  return cell.ok() && hardware && hardware != cell.value("model_flops");
}

}  // namespace moebench::reports
