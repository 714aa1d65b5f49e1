#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::data {

// The files of source text, concatenated. Line ends are as text is read everywhere: "\r\n" and "\r"
// are "\n". Error where a file cannot be read, or is empty.
std::string read_text(const config::DataConfig& data);

// What stands between the delimiters, empty pieces included; all of it where the delimiter is
// empty. Views into `text`.
std::vector<std::string_view> split_text(std::string_view text, const config::DataConfig& data);

}  // namespace moebench::data
