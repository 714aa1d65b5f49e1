#pragma once

#include <cstdint>
#include <string>

#include "harness/config/json_reader.h"

// Members of a config.json as numbers. A key that is absent or null leaves `out` as it is, or is
// `absent`. Error at the key where it holds something else.
namespace moebench::config {

// Far above any model, and low enough that products of dimensions stay within 64 bits.
inline constexpr std::int64_t kMaxDimension = 10'000'000;

// From 1 on.
std::int64_t dimension(const JsonObject& config, const std::string& key);
std::int64_t dimension_or(const JsonObject& config, const std::string& key, std::int64_t absent);
// From 0 on.
std::int64_t count_or(const JsonObject& config, const std::string& key, std::int64_t absent);

void read_number(const JsonObject& config, const std::string& key, double& out);
void read_positive(const JsonObject& config, const std::string& key, double& out);
void read_other_than_0(const JsonObject& config, const std::string& key, double& out);
void read_boolean(const JsonObject& config, const std::string& key, bool& out);

// At the key, or where it is absent at the file, whose reader takes the default for it.
[[noreturn]] void fail_at(const JsonObject& config, const std::string& key,
                          const std::string& message);

}  // namespace moebench::config
