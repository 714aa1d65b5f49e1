#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/parse.h"

// These check what Perfetto asks of a trace in Chrome's JSON format, for tests of what writes one.
namespace moebench::profile_gpu::test {

// Goes through the events as Perfetto's importer does: in the order of their times, those of one
// time as they stand; slices of a thread on a stack; an arrow's end bound to the slice on top.
class TraceRules {
 public:
  std::vector<std::string> broken_by(const nlohmann::json& events) {
    std::vector<const nlohmann::json*> ordered;
    for (const auto& event : events) {
      if (event.at("ph") != "M") ordered.push_back(&event);
    }
    std::ranges::stable_sort(ordered, {}, [](const auto* event) { return ns(*event, "ts"); });
    for (const auto* event : ordered) take(*event);
    for (const auto& [key, arrow] : arrows_) {
      if (arrow.num_ends == 0) broken_.push_back("an arrow without an end: " + key);
    }
    for (const auto& [key, open] : async_) {
      if (open != 0) broken_.push_back("an asynchronous slice without an end: " + key);
    }
    return broken_;
  }

 private:
  using Lane = std::pair<std::int64_t, std::int64_t>;
  struct Slice {
    std::int64_t begin, end;
  };
  struct Arrow {
    std::int64_t begin;
    int num_ends = 0;
  };

  static std::int64_t ns(const nlohmann::json& event, const char* key) {
    return std::llround(event.at(key).get<double>() * 1e3);
  }
  static Lane lane_of(const nlohmann::json& event) { return {event.at("pid"), event.at("tid")}; }

  void fail(const char* what, const nlohmann::json& event) {
    broken_.push_back(fmt::format("{}: {}", what, event.dump()));
  }

  void take(const nlohmann::json& event) {
    const std::string ph = event.at("ph");
    if (ns(event, "ts") < 0) fail("a time before the trace's begin", event);
    if (ph == "X") {
      push(event);
    } else if (ph == "s" || ph == "f") {
      take_arrow(event, ph == "s");
    } else if (ph == "b" || ph == "e") {
      const int open = async_[name_of(event) + event.at("id").dump()] += ph == "b" ? 1 : -1;
      if (open < 0) fail("an asynchronous slice ends before it begins", event);
    }
  }

  void push(const nlohmann::json& event) {
    const std::int64_t begin = ns(event, "ts"), end = begin + ns(event, "dur");
    if (end < begin) fail("a slice of negative length", event);
    std::vector<Slice>& stack = stacks_[lane_of(event)];
    while (!stack.empty() && stack.back().end <= begin) stack.pop_back();
    if (!stack.empty() && end > stack.back().end) return fail("slices overlap in part", event);
    stack.push_back({begin, end});
  }

  static std::string name_of(const nlohmann::json& event) {
    return fmt::format("{}:{}:", event.at("cat").get<std::string>(),
                       event.at("name").get<std::string>());
  }

  // A number, or a string of hexadecimal digits; below 2^53, which is all that JavaScript tells
  // apart.
  static std::optional<std::uint64_t> id_of(const nlohmann::json& event) {
    const nlohmann::json& id = event.at("id");
    std::optional<std::uint64_t> number;
    if (id.is_number_integer() && id >= 0) number = id.get<std::uint64_t>();
    if (id.is_string()) number = parse_hex<std::uint64_t>(id.get<std::string>());
    return number && *number < std::uint64_t{1} << 53 ? number : std::nullopt;
  }

  void take_arrow(const nlohmann::json& event, bool is_begin) {
    const auto id = id_of(event);
    if (!id) return fail("the id of an arrow is no number", event);
    const std::int64_t time = ns(event, "ts");
    const std::vector<Slice>& stack = stacks_[lane_of(event)];
    if (stack.empty() || time < stack.front().begin || time > stack.front().end) {
      fail("an arrow's end lies in no slice", event);
    }
    const std::string key = name_of(event) + std::to_string(*id);
    if (is_begin) {
      const bool is_new = arrows_.try_emplace(key, Arrow{time}).second;
      if (!is_new) fail("two arrows of one id", event);
      return;
    }
    if (event.value("bp", "") != "e")
      fail("an arrow that does not bind to what encloses its end", event);
    const auto arrow = arrows_.find(key);
    if (arrow == arrows_.end()) return fail("an arrow ends before it begins", event);
    if (arrow->second.begin >= time) fail("an arrow of no length", event);
    ++arrow->second.num_ends;
  }

  std::map<Lane, std::vector<Slice>> stacks_;
  std::map<std::string, Arrow> arrows_;
  std::map<std::string, int> async_;
  std::vector<std::string> broken_;
};

// Says what is wrong with the events ("traceEvents"), one text each; none where Perfetto takes all.
inline std::vector<std::string> broken_trace_rules(const nlohmann::json& events) {
  return TraceRules().broken_by(events);
}

}  // namespace moebench::profile_gpu::test
