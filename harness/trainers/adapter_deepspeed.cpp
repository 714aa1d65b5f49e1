#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/parse.h"
#include "harness/base/words.h"
#include "harness/trainers/adapters_internal.h"
#include "harness/trainers/log_text.h"
#include "harness/trainers/step_table.h"

namespace moebench::trainers {
namespace {

Meaning deepspeed_meaning() {
  Meaning meaning;
  meaning.memory = MemoryKind::kMaxAllocated;
  meaning.memory_rank = "rank 0, since the start";
  meaning.loss_scope = "what the program hands to the monitor";
  return meaning;
}

// Seconds by phase of "time (ms) | fwd: 210.04 | bwd: 402.11 | ... | step: 9.31".
using Phases = std::map<std::string, double>;

class DeepspeedAdapter : public LineAdapter {
 public:
  DeepspeedAdapter() : LineAdapter(deepspeed_meaning()) {}

  void begin_file(std::string_view name) override {
    LineAdapter::begin_file(name);
    is_csv_ = name.ends_with(".csv");
  }

 private:
  bool match(std::string_view line, std::int64_t) override {
    if (is_csv_) return read_csv(line);
    return read_timer(line) || read_phases(line) || read_batch(line);
  }
  void complete() override;

  bool read_timer(std::string_view line);
  bool read_phases(std::string_view line);
  bool read_batch(std::string_view line);
  bool read_csv(std::string_view line);
  void add_phases();
  void add_losses();

  StepTable table_;
  std::vector<std::int64_t> timer_lines_;  // their steps, in the order of the lines
  std::vector<Phases> phases_;
  std::vector<std::pair<double, double>> losses_;  // samples seen, loss
  std::optional<double> batch_;                    // samples of a step
  bool is_csv_ = false;
};

// "epoch=0/micro_step=20/global_step=10, RunningAvgSamplesPerSec=..., MaxMemAllocated=21.5GB",
// where GB are GiB.
bool DeepspeedAdapter::read_timer(std::string_view line) {
  const auto number = count_after(line, "/global_step=");
  const auto rate = number_after(line, "RunningAvgSamplesPerSec=");
  if (!number || *number == 0 || !rate) return false;
  Step step;
  step.number = *number;
  const auto memory = number_after(line, "MaxMemAllocated=");
  if (memory) step.memory_bytes = *memory * kGiB;
  log().totals["running_samples_per_s"] = {*rate, "samples/s"};
  table_.add(std::move(step));
  timer_lines_.push_back(*number);
  return true;
}

bool DeepspeedAdapter::read_phases(std::string_view line) {
  constexpr std::string_view kLabel = "time (ms) |";
  const std::size_t at = line.find(kLabel);
  // The other lines of this label split the phases into parts.
  if (at == std::string_view::npos || !number_after(line, "| fwd:")) return false;
  Phases phases;
  std::string_view rest = line.substr(at + kLabel.size());
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('|'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const std::string_view name = trimmed(part.substr(0, part.find(':')));
    const auto time_ms = number_after(part, ":");
    if (!time_ms) continue;
    if (name == "fwd") phases["forward"] = *time_ms / 1e3;
    if (name == "bwd") phases["backward"] = *time_ms / 1e3;
    if (name == "step") phases["optimizer"] = *time_ms / 1e3;
  }
  phases_.push_back(std::move(phases));
  return true;
}

// "train_batch_size ............. 32" of the settings that it prints.
bool DeepspeedAdapter::read_batch(std::string_view line) {
  constexpr std::string_view kLabel = " train_batch_size .";
  const std::size_t at = line.find(kLabel);
  if (at == std::string_view::npos) return false;
  const std::string_view rest = line.substr(at + kLabel.size());
  const auto batch =
      count_after(rest.substr(std::min(rest.find_first_not_of('.'), rest.size())), "");
  if (batch && *batch > 0) batch_ = static_cast<double>(*batch);
  return batch.has_value();
}

// Rows of the monitor's "Train_Samples_train_loss.csv": samples seen, and the loss.
bool DeepspeedAdapter::read_csv(std::string_view line) {
  if (!file().ends_with("train_loss.csv")) return false;
  const std::size_t comma = line.find(',');
  const auto samples = parse_number<double>(trimmed(line.substr(0, comma)));
  if (comma == std::string_view::npos || !samples || !(*samples > 0)) return false;
  const auto loss = number_of(trimmed(line.substr(comma + 1)));
  if (loss) losses_.emplace_back(*samples, *loss);
  return loss.has_value();
}

// Neither kind of line says the other's step; as many of both are of the same steps.
void DeepspeedAdapter::add_phases() {
  if (phases_.empty()) return;
  if (phases_.size() != timer_lines_.size()) {
    warn(
        fmt::format("{} lines of phases do not go with {} lines of steps and were left out; set "
                    "steps_per_print so that both come as often.",
                    phases_.size(), timer_lines_.size()));
    return;
  }
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    if (Step* step = table_.find(timer_lines_[i])) step->phases_s = phases_[i];
  }
}

void DeepspeedAdapter::add_losses() {
  if (losses_.empty()) return;
  if (!batch_) {
    batch_ = losses_.front().first;
    warn(fmt::format("The samples of a step are taken to be {}, those of the first row of losses.",
                     *batch_));
  }
  StepTable table;
  for (const auto& [samples, loss] : losses_) {
    const double number = std::round(samples / *batch_);
    if (!(number >= 1 && number <= static_cast<double>(kMaxStep))) continue;
    Step step{.number = static_cast<std::int64_t>(number)};
    if (const Step* known = table_.find(step.number)) step = *known;
    step.loss = loss;
    table.add(std::move(step));
  }
  table.add_missing(table_);
  table_ = std::move(table);
}

void DeepspeedAdapter::complete() {
  add_phases();
  add_losses();
  if (table_.empty()) return;
  RankLog rank_log;
  rank_log.steps = table_.finish(Entries::kOfOneStep, "log", log().warnings);
  for (Step& step : rank_log.steps) step.samples = batch_;
  log().ranks.push_back(std::move(rank_log));
}

}  // namespace

AdapterInfo deepspeed_adapter() {
  return {"deepspeed",
          "DeepSpeed's engine, with `wall_clock_breakdown` its phases, with `csv_monitor` losses",
          {"stdout", "stderr", "*train_loss.csv"},
          deepspeed_meaning(),
          make_adapter<DeepspeedAdapter>};
}

}  // namespace moebench::trainers
