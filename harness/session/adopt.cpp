#include "harness/session/adopt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/base/parse.h"
#include "harness/base/utc_time.h"
#include "harness/base/words.h"
#include "harness/config/axes.h"
#include "harness/config/axis_table.h"
#include "harness/config/limits.h"
#include "harness/launch/engine_log.h"
#include "harness/merge/merge_trainer.h"
#include "harness/session/results_folder.h"
#include "harness/trainers/adapter.h"

namespace moebench::session {
namespace {

namespace fs = std::filesystem;
using Axes = std::vector<std::pair<std::string, std::string>>;

std::string value_of(const Axes& axes, const std::string& name) {
  const auto found = std::ranges::find(axes, name, [](const auto& axis) { return axis.first; });
  return found == axes.end() ? "" : found->second;
}

// A model need not be one that is known here, nor an engine one of a scenario.
void check_axis(const std::string& name, const std::string& value) {
  if (name == "model" || name == "engine") return;
  if (config::find_axis(config::axis_table(), name) == nullptr) return;
  config::parse_axis(name, config::YamlValue::parse(value, "--set"), fs::path());
}

Axes axes_of(const Adoption& adoption, std::string_view adapter) {
  Axes axes = adoption.axes;
  for (const auto& [name, value] : axes) {
    check_axis(name, value);
    const auto count = std::ranges::count(axes, name, [](const auto& axis) { return axis.first; });
    if (count > 1) throw Error("--set: axis '{}' is set twice; keep one", name);
  }
  if (value_of(axes, "engine").empty()) axes.insert(axes.begin(), {"engine", std::string(adapter)});
  if (value_of(axes, "ranks").empty()) axes.emplace_back("ranks", "1");
  return axes;
}

std::optional<double> number(const Axes& axes, const std::string& name) {
  return parse_number<double>(value_of(axes, name));
}

merge::RunFacts facts_of(const Adoption& adoption, const Axes& axes) {
  merge::RunFacts facts;
  facts.world_size = parse_number<std::int64_t>(value_of(axes, "ranks")).value_or(1);
  facts.warmup_steps = adoption.warmup_steps;
  const auto micro_batch = number(axes, "micro_batch"), seq_len = number(axes, "seq_len");
  if (value_of(axes, "packing") == "true" && micro_batch && seq_len) {
    facts.tokens_per_step = *micro_batch * *seq_len *
                            number(axes, "grad_accumulation").value_or(1) *
                            static_cast<double>(facts.world_size);
  }
  return facts;
}

trainers::TrainerLog read(const Adoption& adoption, const trainers::AdapterInfo& adapter) {
  const bool has_own_words = !adoption.pattern.empty() || !adoption.meaning.empty();
  if (has_own_words && adapter.name != "regex") {
    throw Error("--pattern and --meaning are of --adapter regex; leave them out with {}",
                adapter.name);
  }
  trainers::TrainerLog log = trainers::read_log(
      adapter, adoption.logs,
      {.pattern = adoption.pattern, .meaning = trainers::parse_meaning(adoption.meaning)});
  if (log.num_matched > 0) return log;
  throw Error(
      "{}: none of {} lines is one that adapter {} knows ({}); name another --adapter, or "
      "--adapter regex with a --pattern",
      adoption.logs.front().string(), log.num_lines, adapter.name, adapter.description);
}

// The next of the cell's repetitions. The same logs twice would pass for two runs.
int next_repetition(const std::vector<record::CellRecord>& records, const std::string& id,
                    const std::string& log_hash) {
  int next = 0;
  for (const record::CellRecord& record : records) {
    if (record::fact(record.environment, "log_hash") == log_hash) {
      throw Error("these logs were adopted before, as repetition {} of cell {}", record.repetition,
                  record.id);
    }
    if (record.id == id) next = std::max(next, record.repetition + 1);
  }
  return next;
}

std::string names_of(const std::vector<fs::path>& logs) {
  std::vector<std::string> names;
  for (const fs::path& log : logs) names.push_back(fs::absolute(log).lexically_normal().string());
  return fmt::format("{}", fmt::join(names, " "));
}

void judge(const Adoption& adoption, const merge::TrainerMetrics& found,
           record::CellRecord& record) {
  if (found.num_measured_steps == 0) {
    throw Error("{}: {} steps, and none behind the {} of warm-up; give --warmup-steps less",
                adoption.logs.front().string(), found.num_steps, adoption.warmup_steps);
  }
  const auto loss = record.metrics.find("loss");
  if (loss == record.metrics.end()) return;
  const auto& losses = loss->second.samples;
  const auto bad = std::ranges::find_if(losses, [](double value) { return !std::isfinite(value); });
  if (bad == losses.end()) return;
  record.disposition = record::Disposition::kIncorrect;
  record.message = fmt::format("loss of measured step {} is not finite", bad - losses.begin() + 1);
}

}  // namespace

record::CellRecord adopt(const Adoption& adoption) {
  const trainers::AdapterInfo& adapter = adoption.adapter == "auto"
                                             ? trainers::detect_adapter(adoption.logs)
                                             : trainers::find_adapter(adoption.adapter);
  const trainers::TrainerLog log = read(adoption, adapter);
  record::CellRecord record;
  record.axes = axes_of(adoption, adapter.name);
  record.scenario = adoption.scenario;
  merge::TrainerMetrics found = merge::trainer_metrics(log, facts_of(adoption, record.axes));
  record.metrics = std::move(found.metrics);
  record.warnings = std::move(found.warnings);
  judge(adoption, found, record);
  merge::state_meaning(log.meaning, record.environment);
  record.environment["adopted"] = "true";
  record.environment["adapter"] = adapter.name;
  record.environment["logs"] = names_of(adoption.logs);
  record.environment["log_hash"] = launch::hash_of_files(adoption.logs);
  record.environment["world_size"] = value_of(record.axes, "ranks");
  record.environment["warmup_steps"] = std::to_string(adoption.warmup_steps);
  record.environment["command_line"] = adoption.command_line;
  record.started_at = utc_now();

  std::string identity = "adopted\n" + adoption.scenario;
  for (const auto& [name, value] : record.axes) identity += "\n" + name + "=" + value;
  record.id = hash_hex(identity);
  const ResultsFolder folder(adoption.folder);
  record.repetition =
      next_repetition(record::load(folder.path()), record.id, record.environment["log_hash"]);
  record::append(folder.path(), record);
  return record;
}

}  // namespace moebench::session
