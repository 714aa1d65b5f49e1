#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/cell.h"
#include "harness/config/fields.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// The columns of scenarios/README.md, in Markdown.
struct AxisDocumentation {
  std::string values{};   // that may be written
  std::string initial{};  // where nothing is written
  std::string meaning{};
};

// What names and relative paths of a value mean.
struct Folders {
  // Of what a scenario file says: one folder for both.
  Folders(std::filesystem::path folder) : scenario(folder), paths(std::move(folder)) {}

  std::filesystem::path scenario;  // the scenario file's
  std::filesystem::path paths;     // where relative paths begin: the same, or where the user is
};

// All there is to know of an axis but what its values do.
struct Axis {
  std::string name;
  Fields fields;  // that it sets; one, but for the model
  AxisDocumentation documentation;
  // As in tables, in records and on the command line.
  std::function<std::string(const CellConfig& cell)> text;
  // What tells two values of a scenario file apart: the text, but of a model its path.
  std::function<std::string(const CellConfig& cell)> key;
  // Checks a value that a scenario gives and returns what sets it. Error at `value` where it is of
  // a wrong type or out of the axis' range.
  std::function<std::function<void(CellConfig&)>(const YamlValue& value, const Folders& folders)>
      parse;

  const FieldRules& rules() const { return fields.front().rules; }
};

// In printing order.
const std::vector<Axis>& axis_table();

// nullptr where there is none of that name.
const Axis* find_axis(const std::vector<Axis>& axes, std::string_view name);

// unstated_axis() of cell.h by another table.
std::string unstated_axis(std::string_view name, const std::vector<Axis>& axes);

}  // namespace moebench::config
