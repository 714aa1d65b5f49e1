#include "reports/crossover/sentences.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/config/network.h"

namespace moebench::crossover {
namespace {

// To three digits.
double rounded(double value) {
  const double unit = std::pow(10, std::floor(std::log10(value)) - 2);
  return std::round(value / unit) * unit;
}

struct Words {
  std::string (*place)(double);
  std::string unit;  // behind a place
};

Words words_of(const MapLine& line) {
  if (line.is_over_tokens) return {tokens_text, " tokens a micro-batch"};
  return {rate_text, " links"};
}

// What a stretch says; `place` is where in it one looks for the best of the others.
std::string faster_text(const MapGroup& group, const MapLine& line, const Stretch& stretch,
                        double place) {
  switch (stretch.side) {
    case Side::kFaster:
      return group.arms[line.arm] + " is faster";
    case Side::kSlower:
      return best_other(group, line, place) + " is faster";
    case Side::kUndecided:
      break;
  }
  return fmt::format("it is not decided whether {} or {} is faster", group.arms[line.arm],
                     best_other(group, line, place));
}

std::string one_crossing(const MapGroup& group, const MapLine& line) {
  const Crossing& crossing = line.line.crossings.front();
  const Words words = words_of(line);
  const std::string other =
      crossing.is_faster_below ? best_other(group, line, crossing.high) : group.arms[line.arm];
  return fmt::format("below {}{} ({} to {}) {}; above, {}", words.place(crossing.at), words.unit,
                     words.place(crossing.low), words.place(crossing.high),
                     faster_text(group, line, line.line.stretches.front(), crossing.low), other);
}

std::string all_stretches(const MapGroup& group, const MapLine& line) {
  const Words words = words_of(line);
  std::string text;
  for (const Stretch& stretch : line.line.stretches) {
    // Too short to be told.
    if (words.place(stretch.from) == words.place(stretch.to)) continue;
    text += fmt::format("{}from {} to {}{} {}", text.empty() ? "" : "; ", words.place(stretch.from),
                        words.place(stretch.to), text.empty() ? words.unit : "",
                        faster_text(group, line, stretch, std::sqrt(stretch.from * stretch.to)));
  }
  return text;
}

std::string line_text(const MapGroup& group, const MapLine& line) {
  const auto& stretches = line.line.stretches;
  if (stretches.front().from == stretches.back().to) {
    return fmt::format("at {} tokens a micro-batch, the only size measured, {}",
                       tokens_text(stretches.front().from),
                       faster_text(group, line, stretches.front(), stretches.front().from));
  }
  if (line.line.crossings.size() == 1 && stretches.size() == 3) return one_crossing(group, line);
  const std::string text = all_stretches(group, line);
  const bool is_one_side = stretches.size() == 1 && stretches.front().side != Side::kUndecided;
  return is_one_side ? text + ": no crossing within what was measured" : text;
}

// What a line is at, and what holds there, of several arms by each.
std::string place_text(const MapGroup& group, const MapLine& line) {
  std::set<std::string> networks;
  for (const MapPoint& point : group.points) networks.insert(point.network);
  if (!line.is_over_tokens) return tokens_text(line.tokens) + " tokens a micro-batch: ";
  const bool is_told = networks.size() > 1 || *networks.begin() != config::kLocalNetwork;
  return is_told ? fmt::format("network {}: ", line.network) : "";
}

}  // namespace

std::string tokens_text(double tokens) {
  const double whole = std::round(tokens);
  return fmt::format("{:.0f}", std::abs(tokens - whole) < 1e-6 * tokens ? whole : rounded(tokens));
}

std::string rate_text(double bits_per_second) {
  return config::link_rate_text(rounded(bits_per_second));
}

std::string best_other(const MapGroup& group, const MapLine& line, double place) {
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < line.curves.size(); ++i) {
    const auto band = line.curves[i].at(place);
    if (!band || band->estimate >= least) continue;
    least = band->estimate;
    best = i;
  }
  return group.arms[line.others[best]];
}

std::vector<std::string> sentences_of(const MapGroup& group) {
  std::vector<std::string> sentences;
  for (const MapLine& line : group.lines) {
    if (!line.is_over_tokens && line.line.crossings.empty()) continue;
    const std::string of_group = group.name.empty() ? "" : group.name + ", ";
    sentences.push_back(of_group + place_text(group, line) + line_text(group, line) + ".");
  }
  return sentences;
}

}  // namespace moebench::crossover
