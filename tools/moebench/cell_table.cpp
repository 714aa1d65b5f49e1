#include "tools/moebench/cell_table.h"

#include <fmt/core.h>

#include <algorithm>

#include "harness/base/units.h"
#include "harness/config/memory_estimate.h"
#include "harness/session/plan.h"

namespace moebench::cli {
namespace {

using Line = std::vector<std::string>;

std::string memory_text(const config::CellConfig& cell) {
  const auto bytes = static_cast<double>(config::estimate_memory(cell).total());
  return fmt::format("{:.2f} GB", bytes / kBytesPerGigabyte);
}

std::string shared_axes(const config::CellConfig& cell, const Line& varying) {
  std::string text = "all cells:";
  for (const auto& [axis, value] : cell.axes()) {
    if (std::ranges::count(varying, axis) == 0) text += fmt::format(" {}={}", axis, value);
  }
  return text + "\n\n";
}

Line line_of(const CellRow& row, const Line& varying) {
  Line line = {row.cell.scenario, row.cell.id()};
  for (const auto& [axis, value] : row.cell.axes()) {
    if (std::ranges::count(varying, axis) > 0) line.push_back(value);
  }
  line.push_back(memory_text(row.cell));
  line.push_back(row.note);
  return line;
}

std::string aligned(const std::vector<Line>& lines) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const Line& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) {
      row += fmt::format("{:<{}}  ", line[i], widths[i]);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  return text;
}

}  // namespace

std::string cell_table(const std::vector<CellRow>& rows) {
  std::vector<config::CellConfig> cells;
  for (const CellRow& row : rows) cells.push_back(row.cell);
  const Line varying = session::varying_axes(cells);
  Line header = {"scenario", "id"};
  header.insert(header.end(), varying.begin(), varying.end());
  header.insert(header.end(), {"memory/rank", "note"});
  std::vector<Line> lines = {header};
  for (const CellRow& row : rows) lines.push_back(line_of(row, varying));
  return shared_axes(cells.front(), varying) + aligned(lines);
}

}  // namespace moebench::cli
