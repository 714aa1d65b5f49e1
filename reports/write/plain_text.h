#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Text for a terminal.
namespace moebench::reports {

std::vector<std::string> lines_of(std::string_view text);

enum class LongWords { kKeep, kCut };

// The text in lines of at most `width` characters, broken at spaces; at least one line. A word that
// is longer is cut, or kept whole where it may be copied from the screen.
std::vector<std::string> wrap(std::string_view text, std::size_t width, LongWords long_words);

// Returns the length of the longest word in characters.
std::size_t longest_word(std::string_view text);

}  // namespace moebench::reports
