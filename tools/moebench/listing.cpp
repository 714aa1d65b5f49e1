#include "tools/moebench/listing.h"

#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>

#include "harness/estimate/traffic.h"
#include "harness/launch/launcher.h"
#include "harness/session/results_folder.h"
#include "harness/session/rounds.h"
#include "harness/stats/quantile.h"
#include "tools/moebench/cell_table.h"

namespace moebench::cli {
namespace {

using config::CellConfig;
using Json = nlohmann::ordered_json;

constexpr int kListingVersion = 1;

std::vector<CellConfig> cells_of(const std::vector<config::Scenario>& scenarios) {
  std::vector<CellConfig> cells;
  for (const config::Scenario& scenario : scenarios) {
    cells.insert(cells.end(), scenario.cells.begin(), scenario.cells.end());
  }
  return cells;
}

std::vector<std::string> notes_of(const Listing::Cell& listed, const session::Capacity& capacity,
                                  bool may_leave_host) {
  std::vector<std::string> notes;
  if (listed.is_slow) notes.emplace_back("slow");
  if (listed.cell.repeats_auto) {
    notes.push_back(session::repeats_text(listed.cell) + " repetitions");
  }
  if (!listed.memory.text.empty()) notes.push_back(listed.memory.text);
  for (std::string& warning : session::cell_warnings(listed.cell, capacity, may_leave_host)) {
    notes.push_back(std::move(warning));
  }
  return notes;
}

// A cell of several scenarios runs once, as often as the one says that asks for most.
std::vector<session::PlannedCell> planned_cells(const std::vector<Listing::Cell>& cells) {
  std::vector<session::PlannedCell> planned;
  std::map<std::string, std::size_t> places;
  for (const Listing::Cell& listed : cells) {
    if (listed.is_slow) continue;
    const auto [place, is_new] = places.emplace(listed.id, planned.size());
    if (is_new) planned.push_back({.id = listed.id, .memory = listed.memory});
    session::PlannedCell& cell = planned[place->second];
    cell.repetitions = std::max(cell.repetitions, listed.cell.repeats);
    cell.may_repeat_more = cell.may_repeat_more || listed.cell.repeats_auto;
  }
  return planned;
}

Json known(std::int64_t bytes) { return bytes > 0 ? Json(bytes) : Json(); }

Json to_json(const Listing::Cell& listed, const session::EarlierTimes& times) {
  Json axes = Json::object();
  for (const auto& [axis, value] : listed.cell.axes()) axes[axis] = value;
  const auto& earlier = times.of(listed.id);
  const auto time = stats::median(earlier);
  std::optional<estimate::Traffic> traffic;
  if (listed.cell.engine.is_builtin() && listed.cell.measure == config::Measure::kTrain) {
    traffic = estimate::estimate_traffic(listed.cell);
  }
  return {{"scenario", listed.cell.scenario},
          {"id", listed.id},
          {"axes", std::move(axes)},
          {"slow", listed.is_slow},
          {"repetitions", listed.cell.repeats},
          {"may_repeat_more", listed.cell.repeats_auto},
          {"memory_per_rank_bytes", known(listed.memory.rank_bytes)},
          {"memory_together_bytes", known(listed.memory.together_bytes)},
          {"memory_available_bytes", known(listed.memory.available_bytes)},
          {"sent_bytes_per_rank", traffic ? Json(traffic->sent_bytes()) : Json()},
          {"flops_per_rank", traffic ? Json(traffic->flops) : Json()},
          {"fits", session::to_string(listed.memory.fit)},
          {"run_time_ns", time ? Json(*time) : Json()},
          {"earlier_repetitions", earlier.size()},
          {"notes", listed.notes}};
}

Json to_json(const session::Capacity& capacity) {
  return {{"memory_bytes", known(capacity.memory.bytes)},
          {"memory_is_of_control_group", capacity.memory.is_of_group},
          {"cores", capacity.cores},
          {"gpu_memory_bytes", capacity.gpus}};
}

Json totals_json(const Listing& listing) {
  const session::Forecast& totals = listing.totals;
  return {{"cells", totals.cells},
          {"repetitions", totals.repetitions},
          {"may_repeat_more", totals.may_repeat_more},
          {"largest_memory_bytes", known(totals.largest_bytes)},
          {"time_ns", totals.timed_cells > 0 ? Json(totals.time_ns) : Json()},
          {"timed_cells", totals.timed_cells},
          {"earlier_repetitions", totals.timed_by},
          {"results", listing.times.folder().string()}};
}

}  // namespace

Listing make_listing(const session::Selection& selection) {
  const auto scenarios = session::select_scenarios(selection);
  Listing listing;
  listing.file = selection.file;
  listing.capacity = session::read_capacity(cells_of(scenarios));
  const launch::LaunchPlace place = launch::read_launch_place();
  const bool may_leave_host = launch::may_leave_host(launch::usual_launcher({}, place), place);
  for (const config::Scenario& scenario : scenarios) {
    for (const CellConfig& cell : scenario.cells) {
      listing.cells.push_back({cell,
                               cell.id(),
                               scenario.slow && selection.only.empty(),
                               session::memory_fit(cell, listing.capacity),
                               {}});
      Listing::Cell& listed = listing.cells.back();
      listed.notes = notes_of(listed, listing.capacity, may_leave_host);
    }
    if (!scenario.cannot_run.empty()) {
      listing.cannot_run.emplace_back(scenario.name, scenario.cannot_run);
    }
  }
  listing.times = session::EarlierTimes::read(session::results_path("", selection.file));
  listing.totals = session::forecast(planned_cells(listing.cells), listing.times);
  return listing;
}

reports::Document listing_document(const Listing& listing) {
  std::vector<CellRow> rows;
  std::size_t num_slow = 0;
  for (const Listing::Cell& listed : listing.cells) {
    rows.push_back({listed.cell, listed.id, fmt::format("{}", fmt::join(listed.notes, "; ")),
                    listed.memory.rank_bytes});
    if (listed.is_slow) ++num_slow;
  }
  reports::Document document;
  if (!rows.empty()) {
    document = cell_document(rows);
    std::string totals = session::describe(listing.totals, listing.times);
    if (num_slow > 0) totals += fmt::format("; cells of slow scenarios, not counted: {}", num_slow);
    add_paragraph(document, "in all: " + totals);
  }
  reports::Table others = {reports::key_column("scenario"),
                           reports::words_column("cannot run here")};
  for (const auto& [scenario, reason] : listing.cannot_run) add_row(others, {scenario, reason});
  if (reports::num_rows(others) > 0) add_table(document, std::move(others));
  return document;
}

std::string to_json(const Listing& listing) {
  Json cells = Json::array(), cannot_run = Json::array();
  for (const Listing::Cell& listed : listing.cells) {
    cells.push_back(to_json(listed, listing.times));
  }
  for (const auto& [scenario, reason] : listing.cannot_run) {
    cannot_run.push_back({{"scenario", scenario}, {"reason", reason}});
  }
  const Json json = {{"listing_version", kListingVersion},   {"file", listing.file},
                     {"machine", to_json(listing.capacity)}, {"cells", std::move(cells)},
                     {"cannot_run", std::move(cannot_run)},  {"totals", totals_json(listing)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace moebench::cli
