#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/words.h"
#include "reports/gate/gated_metrics.h"
#include "reports/gate/requirements.h"

namespace moebench::gate {
namespace {

constexpr const char* kOption = "--require";

// How people write a unit of the catalogue.
struct UnitWord {
  std::string_view unit;
  std::string_view word;
  double factor;
};

constexpr auto kUnitWords = std::to_array<UnitWord>({
    {"bytes", "B", 1},
    {"bytes", "kB", 1e3},
    {"bytes", "MB", 1e6},
    {"bytes", "GB", 1e9},
    {"bytes", "TB", 1e12},
    {"bytes", "KiB", 0x1p10},
    {"bytes", "MiB", 0x1p20},
    {"bytes", "GiB", 0x1p30},
    {"bytes", "TiB", 0x1p40},
    {"ns", "ns", 1},
    {"ns", "us", 1e3},
    {"ns", "ms", 1e6},
    {"ns", "s", 1e9},
    {"ns", "min", 60e9},
    {"ns", "h", 3600e9},
    {"1", "", 1},
    {"1", "%", 0.01},
    {"tokens", "", 1},
    {"rows", "", 1},
    {"tokens/s", "", 1},
    {"tokens/s", "tokens/s", 1},
    {"FLOP", "FLOP", 1},
    {"FLOP", "TFLOP", 1e12},
    {"FLOP/s", "FLOP/s", 1},
    {"FLOP/s", "GFLOP/s", 1e9},
    {"FLOP/s", "TFLOP/s", 1e12},
    {"bytes/s", "B/s", 1},
    {"bytes/s", "MB/s", 1e6},
    {"bytes/s", "GB/s", 1e9},
    {"bytes/s", "GiB/s", 0x1p30},
    {"Hz", "Hz", 1},
    {"Hz", "MHz", 1e6},
    {"Hz", "GHz", 1e9},
    {"W", "W", 1},
    {"W", "kW", 1e3},
    {"J", "J", 1},
    {"J", "kJ", 1e3},
    {"celsius", "C", 1},
});

std::vector<std::string> words_of(std::string_view unit) {
  std::vector<std::string> words;
  for (const UnitWord& each : kUnitWords) {
    if (each.unit == unit) words.emplace_back(each.word.empty() ? "none" : each.word);
  }
  return words;
}

double parse_bound(std::string_view text, const record::MetricInfo& info, std::string_view part) {
  const auto number = parse_leading_number<double>(text);
  if (!number || !std::isfinite(number->first)) {
    throw Error("{}: '{}' has no number behind its comparison, as 'mem_peak<=64GB' has", kOption,
                shortened(part));
  }
  const std::string_view word = trimmed(number->second);
  const auto found = std::ranges::find_if(kUnitWords, [&](const UnitWord& each) {
    return each.unit == info.unit && each.word == word;
  });
  if (found != kUnitWords.end()) return number->first * found->factor;
  if (word.empty() && number->first == 0) return 0;
  throw Error("{}: '{}' has {}; a unit of {} is one of: {}", kOption, shortened(part),
              word.empty() ? "no unit" : fmt::format("the unit '{}'", shortened(word, 20)),
              info.name, listed(words_of(info.unit)));
}

Requirement parse_requirement(std::string_view part) {
  const std::size_t place = part.find_first_of("<>");
  const std::string_view metric = trimmed(part.substr(0, place));
  if (place == std::string_view::npos || metric.empty()) {
    throw Error("{}: '{}' is no bound such as 'gemm_share>=0.4'; it takes >=, <=, > and <", kOption,
                shortened(part));
  }
  const bool is_inclusive = part.substr(place + 1).starts_with('=');
  const std::string_view sign = part.substr(place, is_inclusive ? 2 : 1);
  const record::MetricInfo& info = measured_metric(std::string(metric), kOption);
  const std::string_view bound = trimmed(part.substr(place + sign.size()));
  return {std::string(metric), *find_named<Comparison>(sign), parse_bound(bound, info, part),
          fmt::format("{} {}", sign, bound)};
}

}  // namespace

std::vector<Requirement> parse_requirements(const std::string& list) {
  std::vector<Requirement> requirements;
  std::string_view rest = list;
  for (;;) {
    const std::size_t comma = rest.find(',');
    requirements.push_back(parse_requirement(trimmed(rest.substr(0, comma))));
    if (comma == std::string_view::npos) return requirements;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace moebench::gate
