#include "tools/moebench/cell_table.h"

#include <fmt/core.h>

#include <algorithm>

#include "harness/estimate/traffic.h"
#include "harness/session/fit.h"
#include "harness/session/plan.h"

namespace moebench::cli {
namespace {

reports::Entry memory_of(const CellRow& row) {
  if (row.memory_bytes == 0) return {};
  return {static_cast<double>(row.memory_bytes), session::memory_text(row.memory_bytes)};
}

// Another engine's model and schedule are its own.
std::optional<double> bytes_per_kflop(const config::CellConfig& cell) {
  const bool is_known = cell.engine.is_builtin() && cell.measure == config::Measure::kTrain;
  if (!is_known) return std::nullopt;
  return estimate::estimate_traffic(cell).bytes_per_flop() * 1000;
}

// The axes that all cells state, with the same value.
std::string shared_axes(const std::vector<config::CellConfig>& cells,
                        const std::vector<std::string>& varying) {
  std::string text = "all cells:";
  for (const auto& [axis, value] : cells.front().axes()) {
    const auto states = [&](const config::CellConfig& cell) {
      return !session::axis_of(cell, axis).empty();
    };
    const bool is_shared = std::ranges::count(varying, axis) == 0;
    if (is_shared && std::ranges::all_of(cells, states)) text += fmt::format(" {}={}", axis, value);
  }
  return text;
}

std::vector<reports::Entry> entries_of(const CellRow& row, const std::vector<std::string>& varying,
                                       bool shows_traffic) {
  std::vector<reports::Entry> entries = {row.cell.scenario, row.id};
  const auto axes = row.cell.axes();
  for (const std::string& axis : varying) {
    const auto found = std::ranges::find(axes, axis, &std::pair<std::string, std::string>::first);
    entries.push_back(found == axes.end() ? reports::Entry() : reports::Entry(found->second));
  }
  entries.push_back(memory_of(row));
  if (shows_traffic) entries.emplace_back(bytes_per_kflop(row.cell));
  entries.emplace_back(row.note);
  return entries;
}

}  // namespace

reports::Document cell_document(const std::vector<CellRow>& rows) {
  std::vector<config::CellConfig> cells;
  for (const CellRow& row : rows) cells.push_back(row.cell);
  const std::vector<std::string> varying = session::varying_axes(cells);
  reports::Table table = {reports::key_column("scenario"), reports::key_column("id")};
  for (const std::string& axis : varying) table.push_back(reports::key_column(axis));
  reports::Column memory = reports::words_column("memory/rank");
  memory.style.unit = "bytes";
  table.push_back(memory);
  const bool shows_traffic =
      std::ranges::any_of(cells, [](const config::CellConfig& cell) { return cell.nodes > 1; });
  if (shows_traffic) table.push_back(reports::number_column("sent B/kFLOP"));
  table.push_back(reports::words_column("note"));
  for (const CellRow& row : rows) add_row(table, entries_of(row, varying, shows_traffic));
  return {reports::Paragraph{shared_axes(cells, varying)}, std::move(table)};
}

}  // namespace moebench::cli
