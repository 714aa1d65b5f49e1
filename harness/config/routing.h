#pragma once

#include <filesystem>

#include "harness/config/cell.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// Either form of a routing: the words `learned` and `balanced`, and `skewed(S)` and `trace(FILE)`
// or the mappings {skewed: S} and {trace: FILE}. A relative FILE is taken from `folder`; whether it
// exists is checked when a cell runs. Error at `value` where it is none of these, or where S is
// outside 0 .. 10.
Routing parse_routing(const YamlValue& value, const std::filesystem::path& folder);

}  // namespace moebench::config
