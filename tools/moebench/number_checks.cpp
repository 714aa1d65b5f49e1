#include "tools/moebench/number_checks.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <string>

#include "harness/base/parse.h"
#include "harness/base/words.h"

namespace moebench::cli {
namespace {

template <typename Number, typename Fits>
CLI::Validator check(const std::string& bounds, const std::string& expected, const Fits& fits) {
  return {[expected, fits](std::string& word) {
            const auto number = parse_number<Number>(word);
            if (number && fits(*number)) return std::string();
            return fmt::format("'{}' is no {}", shortened(word), expected);
          },
          bounds};
}

CLI::Validator real_number(const std::string& bounds, const std::string& expected, bool with_0,
                           double max) {
  return check<double>(bounds, expected, [with_0, max](double number) {
    return std::isfinite(number) && number <= max && (with_0 ? number >= 0 : number > 0);
  });
}

}  // namespace

CLI::Validator whole_number(std::int64_t min, std::int64_t max) {
  return check<std::int64_t>(
      fmt::format("{}..{}", min, max), fmt::format("whole number from {} to {}", min, max),
      [min, max](std::int64_t number) { return number >= min && number <= max; });
}

CLI::Validator unsigned_number() {
  return check<std::uint64_t>("0..2^64-1", "whole number from 0 to 2^64-1",
                              [](std::uint64_t) { return true; });
}

CLI::Validator seconds_above_0() {
  return real_number(">0",
                     fmt::format("number of seconds above 0, at most {:g}", config::kMaxSeconds),
                     false, config::kMaxSeconds);
}

CLI::Validator seconds_from_0() {
  return real_number(">=0", fmt::format("number of seconds from 0 to {:g}", config::kMaxSeconds),
                     true, config::kMaxSeconds);
}

CLI::Validator num_repeats_or_auto() {
  const CLI::Validator number = num_repeats();
  return {[number](std::string& word) { return word == "auto" ? "" : number(word); },
          number.get_description() + "|auto"};
}

CLI::Validator number_from_0(double max) {
  return real_number(">=0", fmt::format("number from 0 to {:g}", max), true, max);
}

}  // namespace moebench::cli
