#include "reports/write/plain_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "reports/write/format_value.h"

namespace moebench::reports {
namespace {

// Bytes of the printable UTF-8 character at the front; 0 where none is there. Overlong forms and
// surrogates pass: terminals print a replacement for them.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const std::size_t size = first >= 0xF0 && first < 0xF8   ? 4
                           : first >= 0xE0 && first < 0xF0 ? 3
                           : first >= 0xC2 && first < 0xE0 ? 2
                                                           : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool is_c1_control = first == 0xC2 && byte(1) < 0xA0;
  return is_c1_control ? 0 : size;
}

// The words, with the longer ones in pieces.
std::vector<std::string> words_of(std::string_view text, std::size_t width, LongWords long_words) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    std::string_view word = text.substr(begin, end - begin);
    begin = end + 1;
    std::string piece;
    std::size_t length = 0;
    for (; !word.empty(); ++length) {
      if (length == width && long_words == LongWords::kCut) {
        words.push_back(std::exchange(piece, ""));
        length = 0;
      }
      const std::size_t size = std::max<std::size_t>(1, character_size(word));
      piece += word.substr(0, size);
      word.remove_prefix(size);
    }
    words.push_back(piece);
  }
  return words;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
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

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> wrap(std::string_view text, std::size_t width, LongWords long_words) {
  if (text_width(text) <= width) return {std::string(text)};
  std::vector<std::string> lines;
  std::size_t length = 0;
  for (const std::string& word : words_of(text, width, long_words)) {
    const std::size_t more = text_width(word);
    if (lines.empty() || length + 1 + more > width) {
      lines.push_back(word);
      length = more;
    } else {
      lines.back() += " " + word;
      length += 1 + more;
    }
  }
  return lines;
}

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (const std::string& word : words_of(text, 0, LongWords::kKeep)) {
    longest = std::max(longest, text_width(word));
  }
  return longest;
}

}  // namespace moebench::reports
