#include "harness/trainers/hf_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/file.h"

namespace moebench::trainers {
namespace {

// Where the members of a final dictionary end alike, they have one unit.
std::optional<std::string> unit_of(std::string_view key) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kEnds = {
      {{"_runtime", "s"},
       {"_samples_per_second", "samples/s"},
       {"_steps_per_second", "steps/s"},
       {"_tokens_per_second", "tokens/s"}}};
  if (key == "total_flos") return "FLOP";
  if (key == "train_loss") return "1";
  if (key == "effective_tokens_per_sec") return "tokens/s";
  const bool is_memory = key.find("_mem_cpu") != key.npos || key.find("_mem_gpu") != key.npos;
  if (is_memory && !key.starts_with("eval_")) return "bytes";
  for (const auto& [end, unit] : kEnds) {
    if (key.starts_with("train_") && key.ends_with(end)) return std::string(unit);
  }
  return std::nullopt;
}

void fill_missing(Step& step, const Step& other) {
  const auto fill = [](std::optional<double>& value, const std::optional<double>& from) {
    if (!value) value = from;
  };
  fill(step.time_s, other.time_s);
  fill(step.tokens, other.tokens);
  fill(step.loss, other.loss);
  fill(step.grad_norm, other.grad_norm);
  fill(step.tokens_per_s, other.tokens_per_s);
  fill(step.memory_bytes, other.memory_bytes);
}

// Makes of a running total what each step adds to it. The first entry's is known where the total
// begins at 0 with step 1. A total that falls has begun again with the run.
void make_of_each_step(std::vector<Step>& steps, std::optional<double> Step::*member,
                       bool begins_at_zero) {
  std::optional<double> before;
  if (begins_at_zero && !steps.empty() && steps.front().number == steps.front().num_steps) {
    before = 0;
  }
  for (Step& step : steps) {
    const std::optional<double> total = step.*member;
    const bool is_known = total && before && *total >= *before && std::isfinite(*total);
    step.*member = is_known
                       ? std::optional((*total - *before) / static_cast<double>(step.num_steps))
                       : std::nullopt;
    before = total;
  }
}

}  // namespace

void HfAdapter::begin_file(std::string_view name) {
  read_document();
  LineAdapter::begin_file(name);
  in_document_ = name.ends_with(".json");
}

std::optional<std::int64_t> HfAdapter::step_of(const Json& entry) const {
  return count_in(entry, "step");
}

bool HfAdapter::match(std::string_view line, std::int64_t number) {
  if (in_document_) {
    if (document_.size() + line.size() > kMaxTextBytes) {
      throw Error("{}:{}: the file holds more than {} MiB; log fewer steps (logging_steps)", file(),
                  number, kMaxTextBytes >> 20);
    }
    document_.append(line).append("\n");
    return false;
  }
  const bool is_json_line = line.starts_with("{\"");
  const std::size_t begin = is_json_line ? 0 : line.find("{'");
  if (begin == std::string_view::npos) return false;
  const auto object = parse_dictionary(line.substr(begin, line.rfind('}') + 1 - begin));
  if (!object) return false;
  return is_json_line ? read_entry(unwrapped(*object), kLines) : read_entry(*object, kConsole);
}

// A document that is cut off or not JSON says nothing.
void HfAdapter::read_document() {
  const auto document = parse_dictionary(std::exchange(document_, {}).c_str());
  if (!document) return;
  const auto history = document->find("log_history");
  if (history == document->end()) {
    if (read_entry(*document, kState)) log().num_matched += 1;
    return;
  }
  for (const Json& entry : *history) {
    if (read_entry(entry, kState)) log().num_matched += 1;
  }
}

bool HfAdapter::read_entry(const Json& entry, Source source) {
  if (!entry.is_object() || !accepts(entry)) return false;
  if (is_own(entry)) is_owned_ = true;
  if (!number_in(entry, "loss")) return read_totals(entry);
  if (entry.contains("eval_loss") || entry.contains("eval_runtime")) return false;
  Step step = step_from(entry);
  if (step.number > 0) {
    tables_[source].add(std::move(step));
    return true;
  }
  if (source != kConsole) return false;
  const auto epoch = number_in(entry, "epoch");
  if (epoch && last_epoch_ && *epoch < *last_epoch_) is_restarted_ = true;
  last_epoch_ = epoch;
  unnumbered_.push_back(std::move(step));
  return true;
}

Step HfAdapter::step_from(const Json& entry) {
  Step step;
  step.number = step_of(entry).value_or(0);
  step.loss = number_in(entry, "loss");
  step.grad_norm = number_in(entry, "grad_norm");
  step.tokens = number_in(entry, "num_input_tokens_seen");
  step.tokens_per_s = number_in(entry, "train_tokens_per_second");
  if (step.tokens_per_s) has_interim_rate_ = true;
  fill(entry, step);
  return step;
}

bool HfAdapter::read_totals(const Json& entry) {
  bool says_something = false;
  for (const auto& [key, value] : entry.items()) {
    const auto unit = unit_of(key);
    const auto number = number_in(entry, key.c_str());
    if (!unit || !number) continue;
    log().totals.insert_or_assign(key, Total{*number, *unit});
    says_something = true;
  }
  if (const auto load_s = number_in(entry, "model_load_time")) {
    load_s_ = load_s;
    says_something = true;
  }
  return says_something;
}

StepTable HfAdapter::joined() const {
  const StepTable* first =
      std::ranges::find_if(tables_, [](const StepTable& table) { return !table.empty(); });
  if (first == std::end(tables_)) return {};
  StepTable table = *first;
  for (const StepTable* other = first + 1; other != std::end(tables_); ++other) {
    for (const auto& [number, step] : other->steps()) {
      if (Step* known = table.find(number)) fill_missing(*known, step);
    }
  }
  return table;
}

// As many as the others are the same entries in the same order.
void HfAdapter::join_unnumbered(StepTable& table) const {
  if (table.steps().size() != unnumbered_.size()) return;
  auto entry = unnumbered_.begin();
  std::vector<std::int64_t> numbers;
  for (const auto& [number, step] : table.steps()) numbers.push_back(number);
  for (const std::int64_t number : numbers) fill_missing(*table.find(number), *entry++);
}

void HfAdapter::number_console() {
  std::int64_t number = 0;
  for (Step& step : unnumbered_) {
    step.number = ++number;
    tables_[kConsole].add(step);
  }
  warn(
      "The dictionaries on the console do not say their steps. They were counted from 1, as with "
      "logging_steps 1; where that is not so give trainer_state.json beside it.");
  if (!is_restarted_) return;
  warn(
      "The epoch falls on the console: the run began again, and steps that were trained more than "
      "once are counted more than once; give trainer_state.json beside it.");
}

void HfAdapter::warn_of_extrapolation() {
  if (has_interim_rate_ || !log().totals.contains("train_tokens_per_second")) return;
  warn(
      "train_tokens_per_second is a device's, extrapolated from the length of the first batch: no "
      "measurement.");
}

void HfAdapter::complete() {
  read_document();
  if (!is_owned_) return disown();
  StepTable table = joined();
  const bool is_console_only = table.empty() && !unnumbered_.empty();
  if (is_console_only) {
    number_console();
    table = tables_[kConsole];
  } else {
    join_unnumbered(table);
  }
  RankLog rank_log;
  const auto entries = is_console_only ? Entries::kOfOneStep : Entries::kOfAnInterval;
  rank_log.steps = table.finish(entries, "log", log().warnings);
  make_of_each_step(rank_log.steps, &Step::tokens, true);
  if (times_are_a_clock()) make_of_each_step(rank_log.steps, &Step::time_s, false);
  rank_log.load_s = load_s_;
  warn_of_extrapolation();
  const bool has_times =
      std::ranges::any_of(rank_log.steps, [](const Step& step) { return step.time_s.has_value(); });
  if (!has_times) log().meaning.time_window = Window::kUnknown;
  if (!rank_log.steps.empty() || load_s_) log().ranks.push_back(std::move(rank_log));
}

}  // namespace moebench::trainers
