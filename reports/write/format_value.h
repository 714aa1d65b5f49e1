#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moebench::reports {

// Tables print this where there is no number.
inline constexpr const char* kNone = "—";

using Formatter = std::string (*)(const std::optional<double>&);

// Prints at least three significant digits: "54.8", "4019", "0.0123"; kNone for nullopt.
std::string format_number(const std::optional<double>& value);

// Prints the same with its sign: "+1.50"; 0 has none.
std::string format_signed(const std::optional<double>& value);

// Prints a whole number: "12345"; kNone for nullopt.
std::string format_count(const std::optional<double>& value);

// 0.341 -> "34.1 %"; format_change prints the sign: -0.17 -> "-17.0 %", 0.05 -> "+5.0 %".
std::string format_share(const std::optional<double>& fraction);
std::string format_change(const std::optional<double>& fraction);

// 4.04 -> "4.04x".
std::string format_factor(const std::optional<double>& factor);

// The shortest decimal text that reads back to the same double.
std::string format_exact(double value);

// A unit for printing; base value / divisor is the printed number.
struct Unit {
  const char* name;
  double divisor;
};

// GB, MB, kB or B (decimal): the one in which the largest value is at least 1.
Unit byte_unit(const std::vector<std::optional<double>>& bytes);

std::string_view first_line(std::string_view text);

// Cuts a text to at most `max_length` characters; a cut text ends in "…".
std::string shorten(std::string_view text, std::size_t max_length);

// Printed width in code points.
std::size_t text_width(std::string_view text);

}  // namespace moebench::reports
