#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/config/cell.h"
#include "harness/config/field_values.h"

namespace moebench::config {

// What a field of a cell has to do with the numbers that the cell trains.
struct FieldRules {
  // False where cells that differ in it must agree in losses and gradient norms.
  bool in_workload = true;
  // Whether a run may continue a checkpoint that was written with another value.
  bool free_on_resumption = false;
  // True for every field that was added after the first format: it is written only where it is not
  // at its initial value, and a file without it means that value. So ids, baselines and checkpoints
  // from before the field keep their meaning. A field's initial value is therefore what the program
  // did before it existed, and never changes.
  bool is_later = false;
};

// For what says how, or where, the same numbers are computed.
inline constexpr FieldRules kArrangement = {.in_workload = false, .free_on_resumption = true};

// One member of a cell as files and ids have it.
struct Field {
  std::string name;  // "ranks", or with the section that it stands in "model.hidden_size"
  FieldRules rules;
  std::string (*text)(const CellConfig& cell);  // canonical YAML
  void (*read)(const YamlValue& value, CellConfig& cell);
  void (*reset)(CellConfig& cell);  // to the initial value
};
using Fields = std::vector<Field>;

// cell.first.second for <&CellConfig::first, &First::second>.
template <auto first, auto... rest, typename Owner>
auto& member_of(Owner& owner) {
  if constexpr (sizeof...(rest) == 0) {
    return owner.*first;
  } else {
    return member_of<rest...>(owner.*first);
  }
}

template <auto... path>
Field make_field(std::string name, FieldRules rules = {}) {
  return {
      std::move(name), rules,
      [](const CellConfig& cell) { return canonical_text(member_of<path...>(cell)); },
      [](const YamlValue& value, CellConfig& cell) { read_value(value, member_of<path...>(cell)); },
      [](CellConfig& cell) {
        const CellConfig initial;
        member_of<path...>(cell) = member_of<path...>(initial);
      }};
}

// All that makes a cell's identity, in the order of its text; the fields of the axes are those of
// their table (axis_table.h).
const Fields& identity_table();

// What the driver needs beside the identity.
const Fields& driver_table();

// The parts of a model config, "model.name" first.
Fields model_fields();

// nullptr where there is none of that name.
const Field* find_field(const Fields& fields, std::string_view name);

// {"model.hidden_size", "128"}, ...: all but the later fields at their initial values.
std::vector<std::pair<std::string, std::string>> stated_fields(const CellConfig& cell,
                                                               const Fields& fields);

// The same as YAML.
std::string yaml_text(const CellConfig& cell, const Fields& fields);

// Error where a key is missing that every version has written, or where one belongs to no field.
CellConfig read_fields(const YamlValue& source, const Fields& fields);

}  // namespace moebench::config
