#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Text for a terminal.
namespace moebench::reports {

// The text on one line: line breaks and tabs become spaces, other control characters and bytes that
// are not UTF-8, which a terminal might obey, become \xHH.
std::string printable(std::string_view text);

std::vector<std::string> lines_of(std::string_view text);

enum class LongWords { kKeep, kCut };

// The text in lines of at most `width` characters, broken at spaces; at least one line. A word that
// is longer is cut, or kept whole where it may be copied from the screen.
std::vector<std::string> wrap(std::string_view text, std::size_t width, LongWords long_words);

// In characters.
std::size_t longest_word(std::string_view text);

}  // namespace moebench::reports
