#include "harness/trainers/step_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/printable.h"
#include "harness/base/words.h"
#include "harness/trainers/log_text.h"

namespace moebench::trainers {
namespace {

// What a named group fills, in which unit.
struct Group {
  std::string_view name;
  std::optional<double> Step::*member;
  double factor;
};
constexpr std::array<Group, 14> kGroups = {{{"time_s", &Step::time_s, 1},
                                            {"time_ms", &Step::time_s, 1e-3},
                                            {"tokens", &Step::tokens, 1},
                                            {"padding_tokens", &Step::padding_tokens, 1},
                                            {"samples", &Step::samples, 1},
                                            {"tokens_per_s", &Step::tokens_per_s, 1},
                                            {"loss", &Step::loss, 1},
                                            {"grad_norm", &Step::grad_norm, 1},
                                            {"memory_bytes", &Step::memory_bytes, 1},
                                            {"memory_mib", &Step::memory_bytes, kMiB},
                                            {"memory_gib", &Step::memory_bytes, kGiB},
                                            {"memory_gb", &Step::memory_bytes, kGB},
                                            {"flops_per_s", &Step::flops_per_s, 1},
                                            {"tflops_per_s", &Step::flops_per_s, 1e12}}};

std::vector<std::string> group_names() {
  std::vector<std::string> names = {"step"};
  for (const Group& group : kGroups) names.emplace_back(group.name);
  return names;
}

// Takes the names out of a pattern, since std::regex knows none, and counts groups as it does.
class Translation {
 public:
  explicit Translation(std::string_view pattern) : pattern_(pattern) {
    while (at_ < pattern_.size()) take();
    if (in_class_) fail(class_begin_, "'[' without its ']'");
    if (!open_.empty()) fail(open_.back(), "'(' without its ')'");
  }

  std::string text;
  std::map<std::string, std::size_t, std::less<>> groups;

 private:
  [[noreturn]] void fail(std::size_t place, const std::string& what) const {
    throw Error("pattern '{}': character {}: {}", shortened(pattern_), place + 1, what);
  }

  void copy(std::size_t size) {
    text.append(pattern_.substr(at_, size));
    at_ += size;
  }

  void take() {
    const char c = pattern_[at_];
    if (c == '\\') {
      if (at_ + 1 == pattern_.size()) fail(at_, "'\\' with nothing behind it");
      const bool is_back_reference =
          !in_class_ && pattern_[at_ + 1] >= '1' && pattern_[at_ + 1] <= '9';
      if (is_back_reference) fail(at_, "back-references are not supported; repeat the group");
      return copy(2);
    }
    if (in_class_) {
      in_class_ = c != ']';
      return copy(1);
    }
    if (c == '[') {
      in_class_ = true;
      class_begin_ = at_;
    } else if (c == '(') {
      return open_group();
    } else if (c == ')') {
      if (open_.empty()) fail(at_, "')' without its '('; write \\) for the character");
      open_.pop_back();
    }
    copy(1);
  }

  void open_group() {
    open_.push_back(at_);
    const std::string_view rest = pattern_.substr(at_);
    for (const std::string_view uncounted : {"(?:", "(?=", "(?!"}) {
      if (rest.starts_with(uncounted)) return copy(uncounted.size());
    }
    ++num_groups_;
    if (!rest.starts_with("(?")) return copy(1);
    const std::size_t prefix = rest.starts_with("(?P<") ? 4 : 3;
    const bool is_named = rest.starts_with("(?P<") || rest.starts_with("(?<");
    const std::size_t end = rest.find('>');
    if (!is_named || end == std::string_view::npos || rest[prefix] == '=' || rest[prefix] == '!') {
      fail(at_, "no group that is known here; write (?<name>...), (?:...), (?=...) or (?!...)");
    }
    name_group(std::string(rest.substr(prefix, end - prefix)));
    text += '(';
    at_ += end + 1;
  }

  void name_group(const std::string& name) {
    const std::vector<std::string> names = group_names();
    if (std::ranges::count(names, name) == 0) {
      fail(at_,
           fmt::format("no group is named '{}'; {}", shortened(name), suggestion(name, names)));
    }
    if (!groups.emplace(name, num_groups_).second) {
      fail(at_, fmt::format("group '{}' stands twice; give each name once", name));
    }
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::size_t num_groups_ = 0;
  std::vector<std::size_t> open_;  // places of '('
  bool in_class_ = false;
  std::size_t class_begin_ = 0;
};

// Without backtracking, whose stack and time grow beyond bounds with lines and patterns.
constexpr auto kSyntax = std::regex::ECMAScript | std::regex_constants::__polynomial;

std::regex compile(const std::string& text, std::string_view pattern) {
  try {
    return std::regex(text, kSyntax);
  } catch (const std::regex_error& error) {
    throw Error("pattern '{}': {}; write it as ECMAScript's regular expressions",
                shortened(pattern), printable(error.what()));
  }
}

}  // namespace

StepPattern::StepPattern(std::string_view pattern) {
  if (pattern.empty() || pattern.size() > kMaxPatternBytes) {
    throw Error(
        "adapter 'regex' takes a pattern of 1 to {} characters; give one such as "
        "'step (?<step>\\d+) loss (?<loss>\\S+)'",
        kMaxPatternBytes);
  }
  Translation translation(pattern);
  if (!translation.groups.contains("step")) {
    throw Error(
        "pattern '{}': it has no group 'step'; write (?<step>\\d+) where the step's number "
        "stands",
        shortened(pattern));
  }
  groups_ = std::move(translation.groups);
  regex_ = compile(translation.text, pattern);
}

std::optional<Step> StepPattern::step_in(std::string_view line) const {
  line = line.substr(0, kMaxLineBytes);
  std::match_results<std::string_view::const_iterator> match;
  if (!std::regex_search(line.begin(), line.end(), match, regex_)) return std::nullopt;
  const auto text_of = [&](std::string_view name) -> std::string_view {
    const auto group = groups_.find(name);
    if (group == groups_.end() || !match[group->second].matched) return {};
    return {match[group->second].first, match[group->second].second};
  };
  const auto number = count_after(text_of("step"), "");
  if (!number) return std::nullopt;
  Step step;
  step.number = *number;
  for (const Group& group : kGroups) {
    const auto value = number_of(trimmed(text_of(group.name)));
    if (value) step.*group.member = *value * group.factor;
  }
  return step;
}

}  // namespace moebench::trainers
