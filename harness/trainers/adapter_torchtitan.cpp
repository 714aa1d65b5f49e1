#include <fmt/format.h>

#include <utility>

#include "harness/trainers/adapters_internal.h"
#include "harness/trainers/log_json.h"
#include "harness/trainers/log_text.h"
#include "harness/trainers/step_table.h"

namespace moebench::trainers {
namespace {

constexpr std::string_view kEnd = "_end";

Meaning torchtitan_meaning() {
  Meaning meaning;
  meaning.tokens_scope = TokensScope::kDevice;
  meaning.tokens_window = Window::kInterval;
  meaning.time_window = Window::kStep;
  meaning.padding = Padding::kCounted;
  meaning.memory = MemoryKind::kMaxReserved;
  meaning.memory_rank = "the rank that logs, since its last line";
  meaning.loss_scope = "the tokens of the global batch";
  meaning.flops_basis = "its own formula of the model";
  return meaning;
}

// The name that phases have here, of the spans within a step.
std::string phase_of(std::string_view span) {
  if (span == "fwd_bwd") return "forward_backward";
  return span == "optim" ? "optimizer" : std::string(span);
}

// What the file of one rank says; a run that was started again writes another one.
struct Rank {
  StepTable table;
  Step step;  // that has not ended; number 0 where there is none
};

class TorchtitanAdapter : public LineAdapter {
 public:
  TorchtitanAdapter() : LineAdapter(torchtitan_meaning()) {}

 private:
  bool match(std::string_view line, std::int64_t) override {
    return line.starts_with('{') ? read_event(line) : read_console(line);
  }
  void complete() override;

  bool read_console(std::string_view line);
  bool read_event(std::string_view line);
  void join_console(StepTable& table);

  StepTable console_;
  std::map<int, Rank> ranks_;
};

bool TorchtitanAdapter::read_console(std::string_view line) {
  const auto number = count_after(line, "step:");
  const auto loss = number_after(line, "loss:");
  const auto tokens_per_s = number_after(line, " tps:");
  if (!number || *number == 0 || !loss || !tokens_per_s) return false;
  Step step;
  step.number = *number;
  step.loss = loss;
  step.grad_norm = number_after(line, "grad_norm:");
  step.tokens_per_s = tokens_per_s;
  const auto memory = number_after(line, "memory:");
  if (memory && line.find("GiB(") != std::string_view::npos) step.memory_bytes = *memory * kGiB;
  if (const auto tflops = number_after(line, "tflops:")) step.flops_per_s = *tflops * 1e12;
  console_.add(std::move(step));
  return true;
}

// Spans end with a value in milliseconds; figures are events "metric_value" that name one.
bool TorchtitanAdapter::read_event(std::string_view line) {
  const auto object = parse_dictionary(line);
  if (!object) return false;
  const auto name = text_in(*object, "log_type_name");
  const auto rank = count_in(*object, "global_rank");
  const auto number = count_in(*object, "step");
  if (!name || !rank || *rank > kMaxRank) return false;
  Rank& of_rank = ranks_[static_cast<int>(*rank)];
  const auto value = number_in(*object, "value");
  if (!number || *number == 0 || !value) return true;
  if (of_rank.step.number != *number) of_rank.step = Step{.number = *number};
  const std::string_view span = std::string_view(*name).substr(0, name->size() - kEnd.size());
  if (*name == "step_end") {
    of_rank.step.time_s = *value / 1e3;
    of_rank.table.add(std::exchange(of_rank.step, Step{}));
  } else if (name->size() > kEnd.size() && name->ends_with(kEnd)) {
    of_rank.step.phases_s[phase_of(span)] += *value / 1e3;
  } else if (text_in(*object, "event_name") == "local_valid_tokens") {
    of_rank.step.tokens = *value;
  }
  return true;
}

// The console's line is of one rank whose number it does not say, the first by default; its loss
// and norm are those of all.
void TorchtitanAdapter::join_console(StepTable& table) {
  for (const auto& [number, line] : console_.steps()) {
    Step* step = table.find(number);
    if (step == nullptr) continue;
    step->loss = line.loss;
    step->grad_norm = line.grad_norm;
    step->tokens_per_s = line.tokens_per_s;
    step->memory_bytes = line.memory_bytes;
    step->flops_per_s = line.flops_per_s;
  }
  table.add_missing(console_);
}

void TorchtitanAdapter::complete() {
  std::vector<std::string>& warnings = log().warnings;
  if (ranks_.empty()) {
    if (console_.empty()) return;
    log().meaning.time_window = Window::kUnknown;
    log().ranks.push_back({.steps = console_.finish(Entries::kOfAnInterval, "console", warnings)});
    return;
  }
  console_.finish(Entries::kOfAnInterval, "console", warnings);  // for what it warns of
  join_console(ranks_.begin()->second.table);
  for (auto& [rank, of_rank] : ranks_) {
    const std::string whose = fmt::format("structured log of rank {}", rank);
    RankLog& rank_log = log().ranks.emplace_back();
    rank_log.rank = rank;
    rank_log.steps = of_rank.table.finish(Entries::kOfOneStep, whose, warnings);
  }
  if (!console_.empty()) {
    log().notes.push_back(fmt::format(
        "Tokens/s, memory and FLOPs are those of the rank that logs, taken to be rank {}.",
        ranks_.begin()->first));
  }
}

}  // namespace

AdapterInfo torchtitan_adapter() {
  return {"torchtitan",
          "torchtitan, all releases; step times by rank from its structured logs",
          {"stdout", "stderr", "structured_logs/training.global_rank_*.jsonl"},
          torchtitan_meaning(),
          make_adapter<TorchtitanAdapter>};
}

}  // namespace moebench::trainers
