#include "harness/config/json_numbers.h"

#include <fmt/core.h>

namespace moebench::config {

std::int64_t dimension(const JsonObject& config, const std::string& key) {
  return config.at(key).integer(1, kMaxDimension);
}

std::int64_t dimension_or(const JsonObject& config, const std::string& key, std::int64_t absent) {
  return config.find(key) == nullptr ? absent : dimension(config, key);
}

std::int64_t count_or(const JsonObject& config, const std::string& key, std::int64_t absent) {
  const JsonValue* value = config.find(key);
  return value == nullptr ? absent : value->integer(0, kMaxDimension);
}

void read_number(const JsonObject& config, const std::string& key, double& out) {
  if (const JsonValue* value = config.find(key)) out = value->number();
}

void read_positive(const JsonObject& config, const std::string& key, double& out) {
  read_number(config, key, out);
  if (config.find(key) != nullptr && out <= 0) config.at(key).fail("must be positive");
}

void read_other_than_0(const JsonObject& config, const std::string& key, double& out) {
  read_number(config, key, out);
  if (config.find(key) != nullptr && out == 0) config.at(key).fail("must not be 0");
}

void read_boolean(const JsonObject& config, const std::string& key, bool& out) {
  if (const JsonValue* value = config.find(key)) out = value->boolean();
}

void fail_at(const JsonObject& config, const std::string& key, const std::string& message) {
  if (const JsonValue* value = config.find(key)) value->fail(message);
  config.fail(fmt::format("key '{}', by default: {}", key, message));
}

}  // namespace moebench::config
