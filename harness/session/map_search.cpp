#include "harness/session/map_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/base/error.h"
#include "reports/crossover/sentences.h"
#include "reports/gate/names.h"
#include "reports/write/cells.h"

namespace moebench::session {
namespace {

using config::CellConfig;
using record::CellRecord;

// A cell without its records.
CellRecord stub_of(const CellConfig& cell, const std::string& id) {
  CellRecord record;
  record.id = id;
  record.scenario = cell.scenario;
  record.axes = cell.axes();
  return record;
}

// What a map is made of: headline values, and what tells of disturbances.
CellRecord slim(const CellRecord& record, const CellConfig& cell) {
  CellRecord slim = stub_of(cell, record.id);
  slim.repetition = record.repetition;
  slim.disposition = record.disposition;
  slim.message = record.message;
  slim.environment = record.environment;
  for (const char* metric : {"runtime", "run_time", "other_cores", "swap_growth", "core_clock"}) {
    const auto value = record.value(metric);
    if (value) slim.metrics[metric] = {.unit = record.metrics.at(metric).unit, .value = value};
  }
  return slim;
}

}  // namespace

struct MapSearch::Look {
  std::vector<CellRecord> records;  // that the map refers to
  crossover::Map map;
  crossover::Exploration found;

  const crossover::MapPoint& next() const {
    return map.groups[found.next->group].points[found.next->point];
  }
};

MapSearch::MapSearch(std::vector<CellConfig> cells, crossover::ExploreRules rules)
    : cells_(std::move(cells)), rules_(rules) {
  for (const CellConfig& cell : cells_) {
    ids_.push_back(cell.id());
    if (cell.scenario == cells_.front().scenario) continue;
    throw Error("--budget searches the map of one scenario; choose {} or {} with --only",
                cells_.front().scenario, cell.scenario);
  }
  look({});
}

MapSearch::Look MapSearch::look(const RecordViews& records) const {
  Look look;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto begin = records.lower_bound({ids_[i], 0});
    auto it = begin;
    for (; it != records.end() && it->first.first == ids_[i]; ++it) {
      look.records.push_back(slim(*it->second, cells_[i]));
    }
    if (it == begin) look.records.push_back(stub_of(cells_[i], ids_[i]));
  }
  look.map = crossover::map_of(reports::group_cells(look.records).front());
  look.found = crossover::explore(look.map, rules_);
  return look;
}

std::vector<CellConfig> MapSearch::wanted(const RecordViews& records) const {
  const Look found = look(records);
  std::map<std::string, std::int64_t> repeats;
  for (const auto& [key, record] : records) {
    std::int64_t& rounds = repeats[key.first];
    rounds = std::max<std::int64_t>(rounds, key.second + 1);
  }
  if (found.found.next) {
    for (const auto& cell : found.next().cells) {
      if (!cell) continue;
      std::int64_t& rounds = repeats[cell->id()];
      rounds = std::max<std::int64_t>(rounds, found.found.next->rounds);
    }
  }
  std::vector<CellConfig> wanted;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto rounds = repeats.find(ids_[i]);
    if (rounds == repeats.end()) continue;
    wanted.push_back(cells_[i]);
    wanted.back().repeats = rounds->second;
    wanted.back().repeats_auto = false;
  }
  return wanted;
}

std::string MapSearch::report(const RecordViews& records, int) const {
  const Look now = look(records);
  std::string text = fmt::format("map: {} of {} spent", gate::duration_text(now.found.spent_ns),
                                 gate::duration_text(rules_.budget_ns));
  if (now.found.undecided > 0) {
    text += fmt::format(", undecided over a factor of {:.2f}", std::exp(now.found.undecided));
  }
  if (!now.found.next) return text + "; " + now.found.reason + "\n";
  return text + fmt::format("; next: {} tokens a micro-batch, network {}\n",
                            crossover::tokens_text(now.next().tokens), now.next().network);
}

}  // namespace moebench::session
