#include "reports/write/format_value.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace moebench::reports {
namespace {

constexpr int kMaxDecimals = 12;

bool starts_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

// Rounds to one decimal, without the sign of a zero.
double rounded_percent(double fraction) { return std::round(fraction * 1000) / 10 + 0.0; }

}  // namespace

std::string format_number(const std::optional<double>& value) {
  if (!value) return kNone;
  if (*value == 0) return "0";
  if (!std::isfinite(*value)) return fmt::format("{}", *value);
  const int decimals = 2 - static_cast<int>(std::floor(std::log10(std::abs(*value))));
  return fmt::format("{:.{}f}", *value, std::clamp(decimals, 0, kMaxDecimals));
}

std::string format_signed(const std::optional<double>& value) {
  const std::string text = format_number(value);
  return value && *value > 0 ? "+" + text : text;
}

std::string format_count(const std::optional<double>& value) {
  return value ? fmt::format("{:.0f}", *value) : kNone;
}

std::string format_share(const std::optional<double>& fraction) {
  return fraction ? fmt::format("{:.1f} %", rounded_percent(*fraction)) : kNone;
}

std::string format_change(const std::optional<double>& fraction) {
  if (!fraction) return kNone;
  const double percent = rounded_percent(*fraction);
  return percent == 0 ? "0.0 %" : fmt::format("{:+.1f} %", percent);
}

std::string format_factor(const std::optional<double>& factor) {
  return factor ? format_number(factor) + "x" : kNone;
}

std::string format_exact(double value) { return fmt::format("{}", value); }

Unit byte_unit(const std::vector<std::optional<double>>& bytes) {
  double largest = 0;
  for (const auto& value : bytes) largest = std::max(largest, value.value_or(0));
  for (const Unit unit : {Unit{"GB", 1e9}, Unit{"MB", 1e6}, Unit{"kB", 1e3}}) {
    if (largest >= unit.divisor) return unit;
  }
  return {"B", 1};
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

std::string shorten(std::string_view text, std::size_t max_length) {
  if (text_width(text) <= max_length) return std::string(text);
  std::string cut;
  std::size_t length = 0;
  for (const char byte : text) {
    length += starts_code_point(byte);
    if (length == max_length) break;
    cut += byte;
  }
  return cut + "…";
}

std::size_t text_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

}  // namespace moebench::reports
