#pragma once

#include <string>
#include <vector>

namespace moebench::reports {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kRight;
  std::vector<std::string> cells = {};  // one a row; all columns of a table have the same number
};

using Table = std::vector<Column>;

// One text a column.
void add_row(Table& table, const std::vector<std::string>& cells);

// A GitHub table, padded so that its columns also stand aligned on a terminal. Bars in cells are
// escaped, line breaks become spaces.
std::string to_markdown(const Table& table);

}  // namespace moebench::reports
