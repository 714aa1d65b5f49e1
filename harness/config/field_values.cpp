#include "harness/config/field_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>

#include "harness/config/routing.h"

namespace moebench::config {

std::string canonical_text(std::int64_t value) { return fmt::to_string(value); }
std::string canonical_text(std::uint64_t value) { return fmt::to_string(value); }
std::string canonical_text(double value) { return fmt::format("{}", value); }
std::string canonical_text(bool value) { return value ? "true" : "false"; }

// A YAML double-quoted scalar. Bytes from 0x80 stay as they are: file names need not be UTF-8.
std::string canonical_text(const std::string& value) {
  std::string out = "\"";
  for (unsigned char byte : value) {
    if (byte == '"' || byte == '\\') {
      out += fmt::format("\\{}", static_cast<char>(byte));
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += static_cast<char>(byte);
    }
  }
  return out + '"';
}

std::string canonical_text(const std::vector<std::string>& values) {
  std::string items;
  for (const std::string& value : values) {
    items += (items.empty() ? "" : ", ") + canonical_text(value);
  }
  return "[" + items + "]";
}

std::string canonical_text(const std::vector<std::int64_t>& values) {
  return fmt::format("[{}]", fmt::join(values, ", "));
}

std::string canonical_text(const Routing& value) { return canonical_text(to_string(value)); }

void read_value(const YamlValue& value, std::int64_t& out) {
  out = value.integer(std::numeric_limits<std::int64_t>::min());
}
void read_value(const YamlValue& value, std::uint64_t& out) { out = value.unsigned_integer(); }
void read_value(const YamlValue& value, double& out) { out = value.number(); }
void read_value(const YamlValue& value, bool& out) { out = value.boolean(); }
void read_value(const YamlValue& value, std::string& out) { out = value.text(); }
void read_value(const YamlValue& value, std::vector<std::string>& out) {
  out.clear();
  for (const YamlValue& item : value.items()) out.push_back(item.text());
}
void read_value(const YamlValue& value, std::vector<std::int64_t>& out) {
  out.clear();
  for (const YamlValue& item : value.items()) {
    out.push_back(item.integer(std::numeric_limits<std::int64_t>::min()));
  }
}
void read_value(const YamlValue& value, Routing& out) { out = parse_routing(value, "/"); }

}  // namespace moebench::config
