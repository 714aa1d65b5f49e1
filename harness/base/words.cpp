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

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const auto distance = [&](const std::string& other) { return edit_distance(word, other); };
  const auto nearest = std::ranges::min_element(known, {}, distance);
  const std::size_t tolerance = std::max<std::size_t>(2, word.size() / 3);
  if (nearest != known.end() && distance(*nearest) <= tolerance &&
      distance(*nearest) < word.size()) {
    return fmt::format("did you mean '{}'?", *nearest);
  }
  return fmt::format("use one of: {}", fmt::join(known, ", "));
}

std::string join_alternatives(const std::vector<std::string>& words) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  const std::vector<std::string> head(words.begin(), words.end() - 1);
  return fmt::format("{} or {}", fmt::join(head, ", "), words.back());
}

}  // namespace moebench
