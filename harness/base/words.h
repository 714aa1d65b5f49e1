#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moebench {

// Number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Without the blanks around it: spaces, tabs and ends of lines.
std::string_view trimmed(std::string_view text);

// The sides of "name = value" without the blanks around them; nothing where one is missing.
std::optional<std::pair<std::string, std::string>> name_and_value(std::string_view text);

// The end of a message about an unknown word: "did you mean 'axes'?" where one of `known` is close,
// else "use one of: a, b, c".
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

// "a, b, c"; of many words the first ones and how many there are.
std::string listed(const std::vector<std::string>& words);

// A text of the user as messages show it: on one line, and of one longer than `longest` its
// beginning and its length.
std::string shortened(std::string_view text, std::size_t longest = 60);
inline constexpr std::size_t kLongestShownPath = 200;
// Does the same to each word of a message that repeats what it was given.
std::string shortened_words(std::string_view message);

// "rank 3", "ranks 0-511", "ranks 0-2, 7, 9-11"; of many stretches the first, and how many ranks
// more. `ranks` rise.
std::string rank_ranges(const std::vector<int>& ranks);

// "1 cell", "2 cells".
std::string counted(std::int64_t count, std::string_view what);

// "1", "1 or 2", "1, 2 or 4".
std::string join_alternatives(const std::vector<std::string>& words);

}  // namespace moebench
