#include "harness/trainers/step_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace moebench::trainers {
namespace {

// Equal bits: a loss that is NaN is the same when its line is printed again.
bool same(const std::optional<double>& a, const std::optional<double>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || std::bit_cast<std::uint64_t>(*a) == std::bit_cast<std::uint64_t>(*b);
}

bool same(const Step& a, const Step& b) {
  return a.number == b.number && same(a.time_s, b.time_s) && same(a.tokens, b.tokens) &&
         same(a.padding_tokens, b.padding_tokens) && same(a.samples, b.samples) &&
         same(a.loss, b.loss) && same(a.grad_norm, b.grad_norm) &&
         same(a.tokens_per_s, b.tokens_per_s) && same(a.memory_bytes, b.memory_bytes) &&
         same(a.flops_per_s, b.flops_per_s) && a.phases_s == b.phases_s;
}

// Entries come every so many steps, so the first is of as many as the second; one alone is of all
// before it.
std::int64_t steps_of_first(const std::vector<Step>& steps) {
  const std::int64_t number = steps.front().number;
  return steps.size() < 2 ? number : std::min(number, steps[1].number - number);
}

}  // namespace

void StepTable::add(Step step) {
  const auto known = as_added_.find(step.number);
  if (known != as_added_.end() && same(known->second, step)) {
    ++num_repeated_;
    return;
  }
  if (!steps_.empty() && step.number <= steps_.rbegin()->first) {
    if (num_restarts_++ == 0) first_restart_ = step.number;
    steps_.erase(steps_.lower_bound(step.number), steps_.end());
    as_added_.erase(as_added_.lower_bound(step.number), as_added_.end());
  }
  as_added_.insert_or_assign(step.number, step);
  steps_.insert_or_assign(step.number, std::move(step));
}

void StepTable::add_missing(const StepTable& other) {
  steps_.insert(other.steps_.begin(), other.steps_.end());
}

Step* StepTable::find(std::int64_t number) {
  const auto found = steps_.find(number);
  return found == steps_.end() ? nullptr : &found->second;
}

Step* StepTable::last() { return steps_.empty() ? nullptr : &steps_.rbegin()->second; }

std::vector<Step> StepTable::finish(Entries entries, std::string_view whose,
                                    std::vector<std::string>& warnings) const {
  std::vector<Step> steps;
  for (const auto& [number, step] : steps_) steps.push_back(step);
  // Trainers that count from 0.
  const bool is_from_zero = !steps.empty() && steps.front().number == 0;
  std::int64_t before = -1;
  for (Step& step : steps) {
    step.number += is_from_zero ? 1 : 0;
    if (entries == Entries::kOfAnInterval && before >= 0) step.num_steps = step.number - before;
    before = step.number;
  }
  if (entries == Entries::kOfAnInterval && !steps.empty()) {
    steps.front().num_steps = steps_of_first(steps);
  }
  if (num_repeated_ > 0) {
    warnings.push_back(
        fmt::format("{}: {} lines of steps stand there more than once; each counts "
                    "once.",
                    whose, num_repeated_));
  }
  if (num_restarts_ > 0) {
    warnings.push_back(
        fmt::format("{}: the run began again {} times, first at step {}; of steps "
                    "that were trained more than once the last count.",
                    whose, num_restarts_, first_restart_));
  }
  return steps;
}

}  // namespace moebench::trainers
