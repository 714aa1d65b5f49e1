#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moebench {

// Bytes of the printable UTF-8 character at the front of `text`, which is not empty; 0 where none
// is there: control characters, those that reorder or hide text, and bytes that are not UTF-8.
std::size_t printable_size(std::string_view text);

// Is the UTF-8 character at the front of `text`, which is not empty; 0 bytes where there is none:
// cut, overlong, a surrogate.
struct Utf8Character {
  std::size_t size = 0;
  char32_t code = 0;
};
Utf8Character decode_utf8(std::string_view text);
bool is_utf8(std::string_view text);

// Text of others on one line, for a terminal or a log: line breaks and tabs become spaces, bytes of
// what is not printable, which a terminal might obey, become \xHH.
std::string printable(std::string_view text);

// Does the same to each line: "\n" stays.
std::string printable_lines(std::string_view text);

// printable() text as the text of an HTML or XML element: `&`, `<` and `>` become entities.
std::string markup_text(std::string_view text);

}  // namespace moebench
