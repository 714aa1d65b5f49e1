#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moebench::launch {

// The parts of the line that tells of a run, printable text each.
struct DisplayLine {
  std::string head;     // "| [3/8]"
  std::string name;     // of what runs
  std::string phase;    // "steps 3/10"
  std::string rate{};   // "812 tokens/s"; may be empty
  std::string elapsed;  // "1:12"
  std::string left{};   // "0:40 left"; may be empty
};

// Puts the parts on one line of at most `width` columns. Where they do not fit, the name is
// shortened first, then rate and time elapsed go, then the rest of the name; phase and time left
// are the last to go.
std::string fit(const DisplayLine& line, std::size_t width);

// Columns that a text takes, where each of its characters takes one.
std::size_t num_columns(std::string_view text);

// "0:07", "12:03", "1:02:03".
std::string clock_text(double seconds);

}  // namespace moebench::launch
