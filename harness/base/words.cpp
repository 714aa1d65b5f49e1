#include "harness/base/words.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace moebench {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

std::optional<std::pair<std::string, std::string>> name_and_value(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = trimmed(text.substr(0, equals));
  const std::string_view value = trimmed(text.substr(equals + 1));
  if (name.empty() || value.empty()) return std::nullopt;
  return std::pair(std::string(name), std::string(value));
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kLongestWord = 100;  // beyond that nothing is near, and the search is slow
  const auto distance = [&](const std::string& other) { return edit_distance(word, other); };
  if (word.size() <= kLongestWord && !known.empty()) {
    const auto nearest = std::ranges::min_element(known, {}, distance);
    const std::size_t tolerance = std::max<std::size_t>(2, word.size() / 3);
    if (distance(*nearest) <= tolerance && distance(*nearest) < word.size()) {
      return fmt::format("did you mean '{}'?", *nearest);
    }
  }
  return fmt::format("use one of: {}", listed(known));
}

std::string listed(const std::vector<std::string>& words) {
  constexpr std::size_t kMost = 40;
  if (words.size() <= kMost) return fmt::format("{}", fmt::join(words, ", "));
  return fmt::format("{}, ... ({} in all)", fmt::join(words.begin(), words.begin() + kMost, ", "),
                     words.size());
}

std::string shortened(std::string_view text, std::size_t longest) {
  constexpr std::size_t kShown = 40;
  const bool is_long = text.size() > longest;
  std::string shown(is_long ? text.substr(0, kShown) : text);
  std::ranges::replace_if(
      shown, [](unsigned char c) { return c < ' '; }, ' ');
  return is_long ? fmt::format("{}... ({} characters)", shown, text.size()) : shown;
}

std::string rank_ranges(const std::vector<int>& ranks) {
  constexpr int kMaxStretches = 12;
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  int num_stretches = 0;
  for (std::size_t begin = 0, end = 0; begin < ranks.size(); begin = end) {
    if (num_stretches++ == kMaxStretches) {
      return text + fmt::format(" and {} more", ranks.size() - begin);
    }
    for (end = begin + 1; end < ranks.size() && ranks[end] == ranks[end - 1] + 1;) ++end;
    text += fmt::format("{}{}", begin == 0 ? "" : ", ", ranks[begin]);
    if (end > begin + 1) text += fmt::format("-{}", ranks[end - 1]);
  }
  return text;
}

std::string shortened_words(std::string_view message) {
  std::string text;
  for (std::size_t begin = 0, end = 0; begin <= message.size(); begin = end + 1) {
    end = std::min(message.find(' ', begin), message.size());
    if (begin > 0) text += ' ';
    text += shortened(message.substr(begin, end - begin), kLongestShownPath);
  }
  return text;
}

std::string counted(std::int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string join_alternatives(const std::vector<std::string>& words) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  const std::vector<std::string> head(words.begin(), words.end() - 1);
  return fmt::format("{} or {}", fmt::join(head, ", "), words.back());
}

}  // namespace moebench
