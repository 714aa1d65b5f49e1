#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <string_view>

#include "harness/trainers/trainer_log.h"

namespace moebench::trainers {

// A regular expression (ECMAScript's) with named groups, `(?<step>\d+)` or `(?P<step>\d+)`, that
// finds what a line says of a step.
class StepPattern {
 public:
  // Lines are cut here: time and stack of a search grow with them.
  static constexpr std::size_t kMaxLineBytes = 2048;
  static constexpr std::size_t kMaxPatternBytes = 1024;

  // Error that points at the place in the pattern where it cannot be read, or that names the groups
  // there are.
  explicit StepPattern(std::string_view pattern);

  // Nothing where the line does not match or has no step.
  std::optional<Step> step_in(std::string_view line) const;

 private:
  std::map<std::string, std::size_t, std::less<>> groups_;  // which capture a name is
  std::regex regex_;
};

}  // namespace moebench::trainers
