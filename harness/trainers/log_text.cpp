#include "harness/trainers/log_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "harness/base/parse.h"

namespace moebench::trainers {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr char kEscape = '\x1b';
constexpr std::size_t kLongestNumber = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view from(std::string_view text, std::size_t begin) {
  return text.substr(std::min(begin, text.size()));
}

std::string_view skip_blanks(std::string_view text) {
  return from(text, text.find_first_not_of(kBlanks));
}

// Bytes of the word that a number may consist of. A comma counts only between digits: behind a
// number it ends it.
std::size_t number_size(std::string_view text) {
  std::size_t size = 0;
  for (; size < text.size(); ++size) {
    const char c = text[size];
    const bool has_digits_around =
        size > 0 && is_digit(text[size - 1]) && size + 1 < text.size() && is_digit(text[size + 1]);
    const bool is_sign =
        (c == '-' || c == '+') && (size == 0 || text[size - 1] == 'e' || text[size - 1] == 'E');
    const bool is_exponent =
        (c == 'e' || c == 'E') && size > 0 && size + 1 < text.size() &&
        (is_digit(text[size + 1]) || text[size + 1] == '-' || text[size + 1] == '+');
    if (is_digit(c) || c == '.' || is_sign || is_exponent) continue;
    if (c == ',' && has_digits_around) continue;
    break;
  }
  return size;
}

// "nan", "-inf", "Infinity", whose letters are no number's; 0 where the text begins with none.
std::size_t special_size(std::string_view text) {
  const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  std::size_t size = sign;
  while (size < text.size() && is_letter(text[size])) ++size;
  const std::string_view word = text.substr(sign, size - sign);
  constexpr std::array<std::string_view, 8> kWords = {"nan", "NaN",      "NAN",      "inf",
                                                      "Inf", "Infinity", "infinity", "INF"};
  for (const std::string_view known : kWords) {
    if (word == known) return size;
  }
  return 0;
}

// What stands behind the label, without blanks.
std::optional<std::string_view> behind(std::string_view line, std::string_view label) {
  const std::size_t at = line.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  return skip_blanks(line.substr(at + label.size()));
}

// Bytes of an escape sequence at the front of the text: ESC [ parameters, and a letter.
std::size_t escape_size(std::string_view text) {
  if (text.size() < 2 || text[1] != '[') return 1;
  std::size_t size = 2;
  while (size < text.size() && (is_digit(text[size]) || text[size] == ';')) ++size;
  return size < text.size() && is_letter(text[size]) ? size + 1 : size;
}

// Bytes of "[rank0]:" or "[1,0]<stdout>:" at the front of the text, 0 where there is none.
std::size_t origin_size(std::string_view text) {
  std::size_t size = 1;
  if (!text.starts_with('[')) return 0;
  while (size < text.size() && is_letter(text[size])) ++size;
  const bool is_named = size > 1;
  const std::size_t digits = size;
  while (size < text.size() && (is_digit(text[size]) || (!is_named && text[size] == ','))) ++size;
  if (size == digits) return 0;
  const std::string_view end = text.substr(size);
  if (is_named) return end.starts_with("]:") ? size + 2 : 0;
  for (const std::string_view stream : {"]<stdout>:", "]<stderr>:"}) {
    if (end.starts_with(stream)) return size + stream.size();
  }
  return 0;
}

}  // namespace

std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.size() > kLongestNumber || text.starts_with('+')) return std::nullopt;
  std::array<char, kLongestNumber> digits{};
  std::size_t size = 0;
  for (const char c : text) {
    if (c != ',') digits[size++] = c;
  }
  return parse_number<double>({digits.data(), size});
}

std::optional<double> number_after(std::string_view line, std::string_view label) {
  const auto text = behind(line, label);
  if (!text) return std::nullopt;
  const std::size_t special = special_size(*text);
  return number_of(text->substr(0, special > 0 ? special : number_size(*text)));
}

std::optional<std::int64_t> count_after(std::string_view line, std::string_view label) {
  const auto text = behind(line, label);
  const auto parsed = text ? parse_leading_number<std::int64_t>(*text) : std::nullopt;
  if (!parsed || parsed->first < 0 || parsed->first > kMaxStep) return std::nullopt;
  return parsed->first;
}

std::optional<double> seconds_of_date(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd?dd:dd:dd";
  if (text.size() < kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool fits = kForm[i] == 'd'   ? is_digit(text[i])
                      : kForm[i] == '?' ? text[i] == 'T' || text[i] == ' '
                                        : text[i] == kForm[i];
    if (!fits) return std::nullopt;
  }
  const auto number = [&](std::size_t begin, std::size_t size) {
    return parse_number<int>(text.substr(begin, size)).value_or(0);
  };
  const std::chrono::year_month_day day(std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2))));
  if (!day.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(day).time_since_epoch().count();
  double seconds =
      static_cast<double>(days) * 86400 + number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2);
  std::string_view rest = text.substr(kForm.size());
  if (!rest.starts_with('.')) return seconds;
  double unit = 0.1;
  for (rest.remove_prefix(1); !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1)) {
    seconds += unit * (rest.front() - '0');
    unit /= 10;
  }
  return seconds;
}

std::string_view without_decoration(std::string_view line, std::string& buffer) {
  if (line.find(kEscape) != std::string_view::npos) {
    buffer.clear();
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t escape = std::min(line.find(kEscape, at), line.size());
      buffer.append(line.substr(at, escape - at));
      at = escape < line.size() ? escape + escape_size(line.substr(escape)) : escape;
    }
    line = buffer;
  }
  for (std::size_t size = 0; (size = origin_size(line)) > 0;) {
    line.remove_prefix(size);
    if (line.starts_with(' ')) line.remove_prefix(1);
  }
  return line;
}

}  // namespace moebench::trainers
