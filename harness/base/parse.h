#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace moebench {

// A number that `text` begins with, and what follows it; nothing where it begins with none, or with
// one that the type cannot hold. No blank or '+' may stand before it.
template <typename Number>
std::optional<std::pair<Number, std::string_view>> parse_leading_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return std::nullopt;
  return std::pair(number, std::string_view(rest, static_cast<std::size_t>(end - rest)));
}

// All of `text` as a number; nothing where it is none.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  const auto parsed = parse_leading_number<Number>(text);
  return parsed && parsed->second.empty() ? std::optional(parsed->first) : std::nullopt;
}

// Reads all of `text` as a number in hexadecimal digits; nothing where it is none.
template <typename Number>
std::optional<Number> parse_hex(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, 16);
  return error == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

}  // namespace moebench
