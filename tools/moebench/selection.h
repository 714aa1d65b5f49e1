#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moebench::cli {

// Which cells of a scenario file are meant.
struct Selection {
  std::string file;
  std::vector<std::string> only;     // scenario names; empty = all that are not slow
  std::vector<std::string> filters;  // axis=value; one axis: any of its values, several: all
  std::optional<std::int64_t> ranks;
};

}  // namespace moebench::cli
