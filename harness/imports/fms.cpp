#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>

#include "harness/base/csv.h"
#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/units.h"
#include "harness/base/words.h"
#include "harness/imports/fms_framework.h"
#include "harness/imports/importer.h"
#include "harness/record/put_metric.h"

namespace moebench::imports {
namespace {

using Text = std::string_view;

constexpr Text kModel = "model_name_or_path", kGpus = "num_gpus", kRuntime = "train_runtime",
               kTokensRate = "train_tokens_per_second", kErrors = "error_messages",
               kDryRun = "dry_run", kGpuName = "gpu_device_name", kFramework = "framework_config",
               kFrameworkFile = "acceleration_framework_config_file";

// What the harness and Hugging Face's Trainer take, in the order in which reports show it.
struct AxisColumn {
  Text column;
  const char* axis;
};
constexpr std::array kAxisColumns = {AxisColumn{"per_device_train_batch_size", "micro_batch"},
                                     AxisColumn{"gradient_accumulation_steps", "grad_accumulation"},
                                     AxisColumn{"effective_batch_size", "effective_batch_size"},
                                     AxisColumn{"max_seq_len", "seq_len"},
                                     AxisColumn{"packing", "packing"},
                                     AxisColumn{"torch_dtype", "dtype"},
                                     AxisColumn{"bf16", "mixed_bf16"},
                                     AxisColumn{"fp16", "mixed_fp16"},
                                     AxisColumn{"peft_method", "peft_method"},
                                     AxisColumn{"r", "lora_r"},
                                     AxisColumn{"lora_alpha", "lora_alpha"},
                                     AxisColumn{"lora_dropout", "lora_dropout"},
                                     AxisColumn{"target_modules", "target_modules"},
                                     AxisColumn{"learning_rate", "learning_rate"},
                                     AxisColumn{"max_steps", "steps"},
                                     AxisColumn{"skip_memory_metrics", "skip_memory_metrics"}};

// Base unit = the column's number x factor.
struct MetricColumn {
  Text column;
  const char* metric;
  double factor = 1;
};
constexpr std::array kMetricColumns = {
    MetricColumn{kRuntime, "runtime", kNsPerSecond}, MetricColumn{kTokensRate, "tokens_per_second"},
    MetricColumn{"train_samples_per_second", "samples_per_second"},
    MetricColumn{"train_steps_per_second", "steps_per_second"},
    MetricColumn{"train_loss", "mean_loss"}, MetricColumn{"epoch", "epochs"},
    MetricColumn{"mem_peak_torch_mem_alloc_in_bytes", "mem_peak"},
    MetricColumn{"mem_torch_mem_alloc_in_bytes", "mem_alloc"},
    // nvidia-smi says MiB.
    MetricColumn{"mem_nvidia_mem_reserved", "gpu_memory_mean", static_cast<double>(kMebibyte)}};

// Of no influence on what a run is: where it wrote, and what pandas counted.
constexpr std::array<Text, 4> kNoConditions = {"output_dir", "training_data_path", "index",
                                               "column 1"};

constexpr const char* kAllSteps =
    "runtime is that of all steps of one run of fms-acceleration's harness: no warm-up was left "
    "out, and nothing was repeated";
constexpr const char* kExtrapolated =
    "tokens/s is extrapolated by fms-acceleration's harness, not measured: tokens of the first "
    "batch, padding included, x steps / runtime";

bool is_missing(Text text) {
  return text.empty() || text == "nan" || text == "NaN" || text == "None";
}

// One way to write a number: "16.0" is "16", "2.00E-05" is "2e-05".
std::string canonical(const std::string& text) {
  if (text == "TRUE" || text == "True") return "true";
  if (text == "FALSE" || text == "False") return "false";
  const auto number = parse_number<double>(text);
  return number && std::isfinite(*number) ? fmt::format("{}", *number) : text;
}

std::string dtype_name(const std::string& text) {
  if (text == "bfloat16") return "bf16";
  if (text == "float16") return "fp16";
  if (text == "float32") return "fp32";
  return text;
}

// The row of a table, with what its columns mean.
class Row {
 public:
  Row(const CsvTable& table, const CsvRow& row) : table_(table), row_(row) {}

  // "" where it is missing.
  std::string text(Text column) const {
    const std::string& field = table_.field(row_, column);
    return is_missing(field) ? "" : field;
  }

  std::optional<double> number(Text column) const {
    const std::string field = text(column);
    if (field.empty()) return std::nullopt;
    const auto number = parse_number<double>(field);
    if (number && std::isfinite(*number)) return number;
    throw Error("{}: {} is '{}', which is no number; write one, or leave the field empty",
                table_.place(row_), column, shortened(field));
  }

  std::string needed(Text column) const {
    const std::string field = text(column);
    if (field.empty()) {
      throw Error("{}: {} is empty; without it the row says of nothing what it measured",
                  table_.place(row_), column);
    }
    return field;
  }

  FmsFramework framework() const {
    const std::string name = text(kFramework);
    return parse_fms_framework(name.empty() ? text(kFrameworkFile) : name);
  }

  int line() const { return row_.line; }
  const CsvTable& table() const { return table_; }

 private:
  const CsvTable& table_;
  const CsvRow& row_;
};

void add_axes(const Row& row, bool has_experts, record::CellRecord& record) {
  const FmsFramework framework = row.framework();
  const std::string gpus = canonical(row.needed(kGpus));
  if (parse_number<int>(gpus).value_or(0) < 1) {
    throw Error("{}:{}: num_gpus is '{}'; write a whole number from 1", row.table().name(),
                row.line(), shortened(gpus));
  }
  record.axes = {{"model", row.needed(kModel)}, {"parallelism", framework.parallelism}};
  record.axes.emplace_back("ep_degree", framework.ep_degree.empty() ? gpus : framework.ep_degree);
  record.axes.emplace_back("expert_kernel", has_experts ? framework.expert_kernel : "unstated");
  record.axes.emplace_back("acceleration", framework.acceleration);
  record.axes.emplace_back("ranks", gpus);
  for (const AxisColumn& column : kAxisColumns) {
    const std::string value = row.text(column.column);
    if (!value.empty()) record.axes.emplace_back(column.axis, dtype_name(canonical(value)));
  }
}

// The sum over the Trainer's stages, as the harness makes it of them for its own tables.
void add_stage_memory(const Row& row, record::Metrics& metrics) {
  if (metrics.contains("mem_peak") || !row.number("train_mem_gpu_peaked_delta")) return;
  double live = 0, largest_live = 0, largest_peak = 0;
  for (const char* stage : {"before_init_mem_gpu", "init_mem_gpu", "train_mem_gpu"}) {
    const auto delta = row.number(std::string(stage) + "_alloc_delta");
    live += delta ? *delta : row.number(stage).value_or(0);
    const double peak = live + row.number(std::string(stage) + "_peaked_delta").value_or(0);
    largest_live = std::max(largest_live, live);
    largest_peak = std::max(largest_peak, peak);
  }
  put(metrics, "mem_alloc", largest_live);
  put(metrics, "mem_peak", largest_peak);
}

// Of more step counts than that some fits by chance.
constexpr double kMostCounts = 1000;
constexpr double kMostWhole = 1e15;  // beyond 2^53 a double plus one is the same double

// The tokens of the first batch, where tokens/s x runtime is them times a number of steps that the
// row can mean: then it is no count of what was trained.
std::optional<std::int64_t> first_batch_tokens(const Row& row) {
  const auto rate = row.number(kTokensRate), runtime = row.number(kRuntime);
  if (!rate || !runtime || *rate <= 0 || *runtime <= 0) return std::nullopt;
  const double accumulation = row.number("gradient_accumulation_steps").value_or(1);
  if (!(accumulation > 0)) return std::nullopt;
  double first = row.number("max_steps").value_or(0), last = first;
  if (const auto step_rate = row.number("train_steps_per_second"); first < 1 && step_rate) {
    constexpr double kRounding = 0.0005;  // three digits behind the point
    first = std::ceil((*step_rate - kRounding) * *runtime);
    last = std::floor((*step_rate + kRounding) * *runtime);
  }
  if (!(last - first < kMostCounts && last >= 1 && last < kMostWhole)) return std::nullopt;
  // The digits that were printed leave this much open of the tokens.
  const double open = 0.0005 / *rate + 0.00005 / *runtime;
  const auto most_steps = static_cast<std::int64_t>(last);
  for (auto steps = std::max<std::int64_t>(std::llround(first), 1); steps <= most_steps; ++steps) {
    const double tokens = *rate * *runtime / (accumulation * static_cast<double>(steps));
    if (!(tokens >= 1 && tokens * open <= 0.02 && tokens < kMostWhole)) continue;
    if (std::abs(tokens - std::round(tokens)) <= tokens * open) return std::llround(tokens);
  }
  return std::nullopt;
}

// The last line of a traceback says what happened; pandas writes a list of lines.
std::string cause_of(const std::string& errors) {
  std::string text = errors;
  for (std::size_t at; (at = text.find("\\n")) != std::string::npos;) text.replace(at, 2, "\n");
  std::string cause;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    if (line.find("Error") != std::string::npos) cause = line;
    begin = end + 1;
  }
  if (cause.empty()) cause = text.substr(0, text.find('\n'));
  const std::size_t word = cause.find_first_not_of(" '\"[],");
  return shortened(word == std::string::npos ? text : cause.substr(word), 300);
}

void judge(const Row& row, record::CellRecord& record) {
  using enum record::Disposition;
  const std::string errors = row.text(kErrors);
  const bool ran = record.metrics.contains("runtime");
  if (canonical(row.text(kDryRun)) == "true") {
    record.disposition = kUnsupported;
    record.message = "a dry run: nothing was trained";
  } else if (!errors.empty()) {
    const bool is_memory = errors.find("out of memory") != std::string::npos ||
                           errors.find("OutOfMemory") != std::string::npos;
    record.disposition = is_memory ? kOutOfMemory : kCrashed;
    record.message = cause_of(errors);
    record.stderr_tail = errors;
  } else if (!ran) {
    record.disposition = kCrashed;
    record.message = "the summary has no train_runtime, and its harness left out why";
  }
}

void add_warnings(const Row& row, record::CellRecord& record) {
  if (record.disposition != record::Disposition::kOk) return;
  record.warnings.emplace_back(kAllSteps);
  if (record.metrics.contains("tokens_per_second")) record.warnings.emplace_back(kExtrapolated);
  if (const auto tokens = first_batch_tokens(row)) {
    record.environment["tokens_extrapolated_from"] =
        fmt::format("a first batch of {} tokens", *tokens);
  }
}

bool is_known(Text column) {
  const auto is_axis = [&](const AxisColumn& known) { return known.column == column; };
  const auto is_metric = [&](const MetricColumn& known) { return known.column == column; };
  return column == kModel || column == kGpus || column == kErrors || column == kDryRun ||
         column == kGpuName || column == kFramework || column == kFrameworkFile ||
         column.find("_mem_gpu") != Text::npos || column.find("_mem_cpu") != Text::npos ||
         std::ranges::any_of(kAxisColumns, is_axis) ||
         std::ranges::any_of(kMetricColumns, is_metric);
}

// Keeps every field as it stands. What a column that is not known here means is not known either:
// rows that differ there are cells of their own.
void keep_fields(const Row& row, ImportedRun& run) {
  for (const std::string& column : row.table().header()) {
    const std::string value = row.text(column);
    if (value.empty()) continue;
    run.record.environment["fms." + column] = value;
    const bool counts = !is_known(column) && std::ranges::count(kNoConditions, column) == 0;
    if (counts) run.conditions += column + "=" + canonical(value) + "\n";
  }
}

ImportedRun import_row(const Row& row, bool has_experts) {
  ImportedRun run;
  run.place = fmt::format("line {}", row.line());
  add_axes(row, has_experts, run.record);
  for (const MetricColumn& column : kMetricColumns) {
    const auto number = row.number(column.column);
    if (!number) continue;
    if (*number < 0) {
      throw Error("{}:{}: {} is {}, which it cannot be; write what was measured, or nothing",
                  row.table().name(), row.line(), column.column, *number);
    }
    put(run.record.metrics, column.metric, *number * column.factor);
  }
  add_stage_memory(row, run.record.metrics);
  judge(row, run.record);
  add_warnings(row, run.record);
  keep_fields(row, run);
  run.record.environment["device"] = "cuda";
  const std::string gpu = row.text(kGpuName);
  if (!gpu.empty()) run.record.environment["gpu_model"] = gpu;
  return run;
}

void check_columns(const CsvTable& table) {
  for (const Text column : {kModel, kGpus, kRuntime}) {
    if (table.has(column)) continue;
    throw Error(
        "{}:1: has no column {}; import fms takes raw_summary.csv of fms-acceleration's "
        "benchmarks, or a table that its display_bench_results.py made",
        table.name(), column);
  }
}

}  // namespace

Imported read_fms(const std::string& text, const std::string& name) {
  const CsvTable table(text, name);
  check_columns(table);
  // Only a plugin for experts tells that a model has any.
  std::set<std::string> with_experts;
  for (const CsvRow& fields : table.rows()) {
    const Row row(table, fields);
    if (row.framework().is_moe) with_experts.insert(row.text(kModel));
  }
  Imported imported;
  for (const CsvRow& fields : table.rows()) {
    const Row row(table, fields);
    imported.runs.push_back(import_row(row, with_experts.contains(row.text(kModel))));
  }
  if (!table.has(kFramework) && !table.has(kFrameworkFile)) {
    imported.remarks.emplace_back(
        "the file has neither framework_config nor acceleration_framework_config_file: all rows "
        "count as FSDP without acceleration");
  }
  return imported;
}

}  // namespace moebench::imports
