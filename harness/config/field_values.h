#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// A member's value as canonical YAML, which read_value() takes back: one text for one value.
std::string canonical_text(std::int64_t value);
std::string canonical_text(std::uint64_t value);
std::string canonical_text(double value);  // the shortest decimal that reads back as the same
std::string canonical_text(bool value);
std::string canonical_text(const std::string& value);
std::string canonical_text(const std::vector<std::string>& values);
std::string canonical_text(const std::vector<std::int64_t>& values);
std::string canonical_text(const Routing& value);
template <NamedEnum Enum>
std::string canonical_text(Enum value) {
  return to_string(value);
}

// Error at `value` where it is of another type.
void read_value(const YamlValue& value, std::int64_t& out);
void read_value(const YamlValue& value, std::uint64_t& out);
void read_value(const YamlValue& value, double& out);
void read_value(const YamlValue& value, bool& out);
void read_value(const YamlValue& value, std::string& out);
void read_value(const YamlValue& value, std::vector<std::string>& out);
void read_value(const YamlValue& value, std::vector<std::int64_t>& out);
void read_value(const YamlValue& value, Routing& out);
template <NamedEnum Enum>
void read_value(const YamlValue& value, Enum& out) {
  out = value.word<Enum>();
}

}  // namespace moebench::config
