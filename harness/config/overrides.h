#pragma once

#include <string>
#include <vector>

#include "harness/config/axes.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

struct Matrix;

// A value that counts instead of what a scenario file says.
struct Override {
  std::string name;  // of an axis, a parameter or a setting
  bool is_setting = false;
  YamlValue value;  // YAML as in the file; its place is the option
};
using Overrides = std::vector<Override>;

// Reads "seq_len=[64, 128],settings.steps=3": entries with commas between them, except within
// brackets, braces, parentheses and quotes. Error where one is no name=value, names a setting as an
// axis or an axis as a setting, or names what another one names; `option` is the place.
Overrides parse_overrides(const std::vector<std::string>& texts, const std::string& option);

// Puts them into a scenario's matrix. A list of an axis' values takes the place of the file's list;
// of an axis in a zip, or where the file does not set it, it multiplies as the last one. Relative
// paths are taken from the current folder. Returns the names of those that the scenario has: a
// parameter is of the scenarios that list it.
std::vector<std::string> apply_overrides(const Overrides& overrides, AxisContext context,
                                         Matrix& matrix);

// Error at the first that is neither an axis nor a parameter of a scenario, `used` being what the
// scenarios have.
void check_used(const Overrides& overrides, const std::vector<std::string>& used);

// "seq_len, settings.steps": for messages.
std::string listed(const Overrides& overrides);

}  // namespace moebench::config
