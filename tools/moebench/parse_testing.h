#pragma once

#include <string>
#include <variant>
#include <vector>

#include "harness/testing/error_of.h"
#include "tools/moebench/options.h"

namespace moebench::cli {

// What the command line `moebench WORDS` asks for.
inline std::variant<Command, Information> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "moebench");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

// What it complains about.
inline std::string parse_error(const std::vector<const char*>& words) {
  return error_of([&] { parse(words); });
}

}  // namespace moebench::cli
