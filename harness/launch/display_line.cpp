#include "harness/launch/display_line.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

namespace moebench::launch {
namespace {

constexpr std::size_t kUsefulName = 12;  // columns; below that what else goes makes room for it
constexpr std::size_t kLeastName = 8;
constexpr std::string_view kEllipsis = "…";

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

std::string_view first_columns(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (continues_character(text[end])) continue;
    if (columns-- == 0) break;
  }
  return text.substr(0, end);
}

std::string shortened_to(std::string_view text, std::size_t columns) {
  if (num_columns(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  return std::string(first_columns(text, columns - 1)) + std::string(kEllipsis);
}

std::string joined(const DisplayLine& line) {
  std::string text = line.head;
  const auto add = [&](const std::string& part, const char* separator) {
    if (!part.empty()) text += (text.empty() ? "" : separator) + part;
  };
  add(line.name, " ");
  add(line.phase, "  ");
  add(line.rate, "  ");
  add(line.elapsed, "  ");
  add(line.left, line.elapsed.empty() ? "  " : ", ");
  return text;
}

}  // namespace

std::size_t num_columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return !continues_character(byte); }));
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole % 3600 / 60, whole % 60);
}

std::string fit(const DisplayLine& line, std::size_t width) {
  DisplayLine fitted = line;
  // Gives the name what the other parts leave, if that is at least so much, or all of the name.
  const auto fits = [&](std::size_t least) {
    fitted.name.clear();
    const std::size_t others = num_columns(joined(fitted));
    if (others > width) return false;
    const std::size_t room = std::max<std::size_t>(width - others, 1) - 1;
    if (room < std::min(least, num_columns(line.name))) return false;
    fitted.name = shortened_to(line.name, room);
    return true;
  };
  if (fits(kUsefulName)) return joined(fitted);
  fitted.rate.clear();
  if (fits(kLeastName)) return joined(fitted);
  fitted.elapsed.clear();
  if (fits(kLeastName) || fits(0)) return joined(fitted);
  fitted.head.clear();
  return std::string(first_columns(joined(fitted), width));
}

}  // namespace moebench::launch
