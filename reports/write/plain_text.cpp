#include "reports/write/plain_text.h"

#include <algorithm>
#include <utility>

#include "harness/base/printable.h"
#include "reports/write/format_value.h"

namespace moebench::reports {
namespace {

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
      const std::size_t size = std::max<std::size_t>(1, printable_size(word));
      piece += word.substr(0, size);
      word.remove_prefix(size);
    }
    words.push_back(piece);
  }
  return words;
}

}  // namespace

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
