#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace moebench {

// Value of an environment variable; nothing where it is unset or empty, which is how shells and CI
// write "not set".
inline std::optional<std::string> environment_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace moebench
