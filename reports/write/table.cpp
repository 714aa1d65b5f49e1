#include "reports/write/table.h"

#include <algorithm>

#include "harness/base/check.h"
#include "reports/write/format_value.h"

namespace moebench::reports {
namespace {

constexpr std::size_t kMinWidth = 3;  // of the rule below a title

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

Column escaped(const Column& column) {
  Column out{escaped(column.title), column.align};
  for (const auto& cell : column.cells) out.cells.push_back(escaped(cell));
  return out;
}

std::size_t width_of(const Column& column) {
  std::size_t width = std::max(kMinWidth, text_width(column.title));
  for (const auto& cell : column.cells) width = std::max(width, text_width(cell));
  return width;
}

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::string space(width - text_width(text), ' ');
  return align == Align::kRight ? space + text : text + space;
}

std::string rule(std::size_t width, Align align) {
  return align == Align::kRight ? std::string(width - 1, '-') + ":" : std::string(width, '-');
}

}  // namespace

void add_row(Table& table, const std::vector<std::string>& cells) {
  MOEBENCH_CHECK(cells.size() == table.size());
  for (std::size_t i = 0; i < table.size(); ++i) table[i].cells.push_back(cells[i]);
}

std::string to_markdown(const Table& table) {
  if (table.empty()) return "";
  const std::size_t num_rows = table.front().cells.size();
  std::vector<std::string> lines(num_rows + 2, "|");
  for (const Column& raw : table) {
    MOEBENCH_CHECK(raw.cells.size() == num_rows);
    const Column column = escaped(raw);
    const std::size_t width = width_of(column);
    lines[0] += " " + padded(column.title, width, column.align) + " |";
    lines[1] += " " + rule(width, column.align) + " |";
    for (std::size_t row = 0; row < num_rows; ++row) {
      lines[row + 2] += " " + padded(column.cells[row], width, column.align) + " |";
    }
  }
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

}  // namespace moebench::reports
