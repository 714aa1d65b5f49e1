#include "harness/base/printable.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace moebench {
namespace {

struct Range {
  char32_t first, last;
};
// C0, DEL and C1; marks of direction and zero width, which show another text than is there; line
// separators; what no text may hold.
constexpr std::array<Range, 7> kNotPrintable = {{{0x00, 0x1F},
                                                 {0x7F, 0x9F},
                                                 {0x200B, 0x200F},
                                                 {0x2028, 0x202E},
                                                 {0x2060, 0x206F},
                                                 {0xFEFF, 0xFEFF},
                                                 {0xFFFE, 0xFFFF}}};

}  // namespace

Utf8Character decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {1, first};
  const std::size_t size = first >= 0xF0 && first < 0xF8   ? 4
                           : first >= 0xE0 && first < 0xF0 ? 3
                           : first >= 0xC0 && first < 0xE0 ? 2
                                                           : 0;
  if (size == 0 || size > text.size()) return {};
  char32_t code = first & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  return code < kSmallest[size] || code > 0x10FFFF || is_surrogate ? Utf8Character{}
                                                                   : Utf8Character{size, code};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = decode_utf8(text).size;
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::size_t printable_size(std::string_view text) {
  const Utf8Character decoded = decode_utf8(text);
  const bool is_printable = std::ranges::none_of(kNotPrintable, [&](const Range& range) {
    return decoded.code >= range.first && decoded.code <= range.last;
  });
  return is_printable ? decoded.size : 0;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = printable_size(text);
    if (size > 0) {
      out += text.substr(0, size);
    } else if (text.front() == '\n' || text.front() == '\r' || text.front() == '\t') {
      out += ' ';
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    }
    text.remove_prefix(std::max<std::size_t>(1, size));
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
    out += printable(text.substr(0, end)) + '\n';
    text.remove_prefix(end + 1);
  }
  return out + printable(text);
}

std::string markup_text(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace moebench
