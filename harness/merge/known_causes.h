#pragma once

#include <string>
#include <string_view>

namespace moebench::merge {

// A way in which launchers, MPI and the system end ranks, known by what they print.
struct KnownCause {
  const char* pattern;  // part of a line
  const char* cause;
  const char* remedy;
  bool is_out_of_memory = false;
};

// The first row of the table whose pattern stands in the text; nullptr where none does.
const KnownCause* find_cause(std::string_view text);

}  // namespace moebench::merge
