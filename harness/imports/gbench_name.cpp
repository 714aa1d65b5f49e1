#include "harness/imports/gbench_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/base/parse.h"

namespace moebench::imports {
namespace {

constexpr std::array<std::string_view, 3> kTimings = {"real_time", "process_time", "manual_time"};

// Cuts at '/', but not within the angle brackets of a template's arguments.
std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i == name.size() || (name[i] == '/' && depth <= 0)) {
      parts.push_back(name.substr(begin, i - begin));
      begin = i + 1;
    } else if (name[i] == '<') {
      ++depth;
    } else if (name[i] == '>') {
      --depth;
    }
  }
  return parts;
}

class Axes {
 public:
  // An axis that is there already gets a number.
  void add(std::string name, std::string_view value) {
    const std::string first = name;
    for (int i = 2; has(name); ++i) name = fmt::format("{} {}", first, i);
    axes_.emplace_back(std::move(name), value);
  }
  std::vector<std::pair<std::string, std::string>> take() { return std::move(axes_); }

 private:
  bool has(const std::string& name) const {
    return std::ranges::any_of(axes_, [&](const auto& axis) { return axis.first == name; });
  }
  std::vector<std::pair<std::string, std::string>> axes_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> gbench_axes(std::string_view run_name) {
  const std::vector<std::string_view> parts = parts_of(run_name);
  std::string benchmark(parts.front());
  std::string timing;
  Axes arguments;
  int num_arguments = 0;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = parts[i];
    const std::size_t colon = part.find(':');
    if (std::ranges::count(kTimings, part) > 0) {
      timing += (timing.empty() ? "" : " ") + std::string(part);
    } else if (parse_number<double>(part)) {
      arguments.add(fmt::format("arg{}", ++num_arguments), part);
    } else if (colon != std::string_view::npos && colon > 0 && part.substr(colon, 2) != "::") {
      if (part.substr(0, colon) == "repeats") continue;
      ++num_arguments;
      arguments.add(std::string(part.substr(0, colon)), part.substr(colon + 1));
    } else {
      benchmark += "/" + std::string(part);
    }
  }
  std::vector<std::pair<std::string, std::string>> axes = {{"benchmark", benchmark}};
  for (auto& axis : arguments.take()) axes.push_back(std::move(axis));
  if (!timing.empty()) axes.emplace_back("timing", timing);
  return axes;
}

}  // namespace moebench::imports
