#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/trainers/adapters_internal.h"
#include "harness/trainers/log_json.h"
#include "harness/trainers/log_text.h"
#include "harness/trainers/step_table.h"

namespace moebench::trainers {
namespace {

Meaning automodel_meaning() {
  Meaning meaning;
  meaning.tokens_scope = TokensScope::kGlobal;
  meaning.tokens_window = Window::kStep;
  meaning.time_window = Window::kStep;
  meaning.padding = Padding::kCounted;
  meaning.memory = MemoryKind::kMaxAllocated;
  meaning.memory_rank = "the rank that logs";
  meaning.loss_scope = "the label tokens of the global batch; in benchmarks the rank's last batch";
  meaning.flops_basis = "its own formula of the model";
  return meaning;
}

// Training writes training.jsonl, late, and a line on the console; benchmarking a few lines a step,
// and a document at the end.
class AutomodelAdapter : public LineAdapter {
 public:
  AutomodelAdapter() : LineAdapter(automodel_meaning()) {}

  void begin_file(std::string_view name) override {
    read_document();
    LineAdapter::begin_file(name);
    in_document_ = name.ends_with(".json");
  }

 private:
  bool match(std::string_view line, std::int64_t number) override;
  void complete() override;

  bool read_json_line(std::string_view line);
  bool read_console(std::string_view line);
  bool read_benchmark(std::string_view line);
  bool read_iteration_time(std::string_view line);
  void read_document();
  void read_summary(const Json& summary);

  void add_benchmark();

  StepTable file_;
  StepTable console_;
  std::map<int, std::map<std::int64_t, Step>> benchmark_;  // by rank and iteration
  std::map<std::int64_t, double> times_s_;                 // by iteration, the slowest rank's
  std::int64_t iteration_ = 0;
  RankLog of_benchmark_;
  std::optional<Step> mean_;  // of all steps that a summary is of
  std::string document_;
  bool in_document_ = false;
};

bool AutomodelAdapter::match(std::string_view line, std::int64_t number) {
  if (!in_document_) {
    if (line.starts_with('{')) return read_json_line(line);
    return read_console(line) || read_benchmark(line) || read_iteration_time(line);
  }
  if (document_.size() + line.size() > kMaxLineBytes) {
    throw Error(
        "{}:{}: too long for the summary of a benchmark; give the file that "
        "json_output_path names",
        LineAdapter::file(), number);
  }
  document_.append(line).append("\n");
  return false;
}

// Its tokens/s are a step's tokens over the step's time, which is thereby known.
bool AutomodelAdapter::read_json_line(std::string_view line) {
  const auto entry = parse_dictionary(line);
  if (!entry || !entry->contains("tps_per_gpu")) return false;
  const auto number = count_in(*entry, "step");
  if (!number) return false;
  Step step;
  step.number = *number;
  step.loss = number_in(*entry, "loss");
  step.grad_norm = number_in(*entry, "grad_norm");
  step.tokens_per_s = number_in(*entry, "tps");
  step.tokens = number_in(*entry, "num_tokens_per_step");
  if (step.tokens && step.tokens_per_s.value_or(0) > 0) {
    step.time_s = *step.tokens / *step.tokens_per_s;
  }
  if (const auto memory = number_in(*entry, "mem")) step.memory_bytes = *memory * kGiB;
  file_.add(std::move(step));
  return true;
}

bool AutomodelAdapter::read_console(std::string_view line) {
  const auto number = count_after(line, "step ");
  const auto tokens_per_s = number_after(line, "| tps ");
  if (!number || !tokens_per_s || line.find("/gpu)") == std::string_view::npos) return false;
  Step step;
  step.number = *number;
  step.loss = number_after(line, "| loss ");
  step.grad_norm = number_after(line, "| grad_norm ");
  step.tokens_per_s = tokens_per_s;
  if (const auto memory = number_after(line, "| mem ")) step.memory_bytes = *memory * kGiB;
  console_.add(std::move(step));
  return true;
}

// One line a rank and a batch of the step; what it calls GB are GiB.
bool AutomodelAdapter::read_benchmark(std::string_view line) {
  const auto rank = count_after(line, "Rank ");
  const auto iteration = count_after(line, "| Iteration ");
  const auto memory = number_after(line, "Max Memory Allocated:");
  if (!rank || *rank > kMaxRank || !iteration || !memory) return false;
  Step& step = benchmark_[static_cast<int>(*rank)][*iteration];
  step.number = *iteration + 1;  // it counts from 0
  step.loss = number_after(line, "loss=");
  step.memory_bytes = std::max(step.memory_bytes.value_or(0), *memory * kGiB);
  iteration_ = *iteration;
  return true;
}

bool AutomodelAdapter::read_iteration_time(std::string_view line) {
  const auto seconds = number_after(line, "Max iter time:");
  if (seconds) times_s_[iteration_] = *seconds;
  return seconds.has_value();
}

void AutomodelAdapter::read_document() {
  const auto summary = parse_dictionary(std::exchange(document_, {}));
  if (!summary || !summary->contains("avg_iter_time_seconds")) return;
  read_summary(*summary);
  log().num_matched += 1;
}

void AutomodelAdapter::read_summary(const Json& summary) {
  of_benchmark_.warmup_s = number_in(summary, "warmup_time_seconds");
  of_benchmark_.warmup_steps = count_in(summary, "warmup_steps");
  const auto add_total = [&](const char* key, const char* name, double factor, const char* unit) {
    if (const auto value = number_in(summary, key)) log().totals[name] = {*value * factor, unit};
  };
  add_total("setup_time_seconds", "setup_time", 1, "s");
  add_total("training_time_seconds", "training_time", 1, "s");
  add_total("avg_iter_time_seconds", "avg_iter_time", 1, "s");
  add_total("avg_mfu_percent", "avg_mfu", 0.01, "1");
  add_total("tflops_per_gpu", "global_step_flop", 1e12, "FLOP");
  if (summary.contains("tflops_per_gpu")) {
    warn(
        "tflops_per_gpu is the work of a step on all GPUs together, in TFLOP, and no rate of one; "
        "it is given as global_step_flop.");
  }
  const auto world_size = count_in(summary, "world_size");
  if (world_size && *world_size <= kMaxRank) log().world_size = static_cast<int>(*world_size);
  const auto num_steps = count_in(summary, "training_steps");
  const auto last = count_in(summary, "total_steps");
  mean_.emplace();
  mean_->number = std::max<std::int64_t>(last.value_or(num_steps.value_or(1)), 1);
  mean_->num_steps = std::clamp<std::int64_t>(num_steps.value_or(1), 1, mean_->number);
  mean_->time_s = number_in(summary, "avg_iter_time_seconds");
  mean_->samples = number_in(summary, "global_batch_size");
  const auto seq_len = number_in(summary, "seq_len");
  if (mean_->samples && seq_len) mean_->tokens = *mean_->samples * *seq_len;
}

void AutomodelAdapter::add_benchmark() {
  if (benchmark_.empty() && mean_) {
    of_benchmark_.steps = {*mean_};
    log().meaning.time_window = Window::kInterval;
    log().ranks.push_back(of_benchmark_);
  }
  for (auto& [rank, steps] : benchmark_) {
    RankLog& rank_log = log().ranks.emplace_back(of_benchmark_);
    rank_log.rank = rank;
    for (auto& [iteration, step] : steps) {
      const auto time_s = times_s_.find(iteration);
      if (time_s != times_s_.end()) step.time_s = time_s->second;
      if (mean_) {
        step.samples = mean_->samples;
        step.tokens = mean_->tokens;
      }
      rank_log.steps.push_back(step);
    }
  }
}

void AutomodelAdapter::complete() {
  read_document();
  add_benchmark();
  // The file has all of the console's figures and more, but lacks the last steps of a run that was
  // killed.
  file_.add_missing(console_);
  if (file_.empty()) return;
  RankLog rank_log;
  rank_log.steps = file_.finish(Entries::kOfOneStep, "log", log().warnings);
  const bool has_times =
      std::ranges::any_of(rank_log.steps, [](const Step& step) { return step.time_s.has_value(); });
  if (!has_times) log().meaning.time_window = Window::kUnknown;
  log().ranks.push_back(std::move(rank_log));
}

}  // namespace

AdapterInfo automodel_adapter() {
  return {"automodel",
          "NeMo Automodel, training and benchmarks (whose times are those of the slowest rank)",
          {"training.jsonl", "stdout", "stderr", "benchmark*.json"},
          automodel_meaning(),
          make_adapter<AutomodelAdapter>};
}

}  // namespace moebench::trainers
