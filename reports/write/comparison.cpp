#include "reports/write/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "harness/base/error.h"
#include "harness/base/words.h"
#include "harness/record/metric_catalogue.h"
#include "reports/write/answer.h"
#include "reports/write/attribution.h"
#include "reports/write/breakdown.h"
#include "reports/write/columns.h"
#include "reports/write/cost.h"
#include "reports/write/engines.h"
#include "reports/write/imported.h"
#include "reports/write/labels.h"
#include "reports/write/ladder.h"
#include "reports/write/loading.h"
#include "reports/write/notes.h"

namespace moebench::reports {
namespace {

// Gains of two metrics that differ by less are one gain.
constexpr double kSameGain = 0.005;
// Rows of a table that stands open below the answer.
constexpr std::size_t kMaxOpenRows = 8;

void add_repetition_columns(const ScenarioCells& scenario, Table& table) {
  const auto& cells = scenario.cells;
  const bool repeated = std::any_of(cells.begin(), cells.end(),
                                    [](const Cell& cell) { return cell.repetitions.size() > 1; });
  if (!repeated) return;
  table.push_back(repetitions_column(cells));
  table.push_back(spread_column(cells, "runtime min..max", "runtime"));
}

// What each cell shows against its reference, by its gain in a metric.
Column gain_column(const Comparison& of, const std::string& title, const std::string& metric,
                   const NumberStyle& style, double neutral, double (*number_of)(const Gain&),
                   std::string (*text_of)(const Gain&)) {
  Column column = number_column(title, style);
  const Gains& gains = of.gains(metric);
  for (std::size_t i = 0; i < of.scenario.cells.size(); ++i) {
    const Cell& cell = of.scenario.cells[i];
    const auto& gain = gains.of_cells()[i];
    Entry entry;
    if (gain) entry = Entry(number_of(*gain), text_of(*gain));
    if (gain) entry.tone = tone_of(*gain);
    if (of.references[i] == &cell && cell.ok()) entry = Entry(neutral, "reference");
    column.add(entry);
  }
  return column;
}

Column factor_column(const Comparison& of, const std::string& title, const std::string& metric) {
  return gain_column(
      of, title, metric, kFactor, 1, [](const Gain& gain) { return gain.factor; }, format_gain);
}

// One run tells what an allocator counts.
bool is_exact(const record::MetricInfo& info) {
  return info.gate.kind != record::GateRule::Kind::kNone;
}

Column change_column(const Comparison& of, const std::string& metric) {
  const record::MetricInfo& info = record::metric_info(metric);
  const auto text = is_exact(info) ? [](const Gain& gain) { return format_decrease(gain, true); }
                                   : [](const Gain& gain) { return format_decrease(gain, false); };
  Column column = gain_column(
      of, fmt::format("{} Δ", info.title), metric, kChange, 0,
      [](const Gain& gain) { return 1 / gain.factor - 1; }, text);
  for (Entry& entry : column.entries) {
    const auto* change = std::get_if<double>(&entry.value);
    if (!is_exact(info) || change == nullptr || entry.tone == Tone::kUsual) continue;
    entry.tone = *change < -kSameGain  ? Tone::kGood
                 : *change > kSameGain ? Tone::kBad
                                       : Tone::kUsual;
  }
  return column;
}

bool compares_any(const Comparison& of) {
  return std::ranges::any_of(of.gains("runtime").of_cells(),
                             [](const auto& gain) { return gain.has_value(); });
}

void add_improvement_columns(const Comparison& of, Table& table) {
  if (!compares_any(of)) return;
  const auto add = [&](Column column) {
    if (column.is_measured()) table.push_back(std::move(column));
  };
  for (const char* metric : headline_metrics(of.scenario)) {
    if (record::metric_info(metric).unit == "bytes") add(change_column(of, metric));
  }
  add(factor_column(of, "runtime gain", "runtime"));
  add(factor_column(of, "tokens/s gain", "tokens_per_second"));
}

// The share with recomputation stands only where some cell recomputes.
void add_share_columns(const ScenarioCells& scenario, const GemmRates& rates, Table& table) {
  const auto& cells = scenario.cells;
  const auto add = [&](const char* flops, const char* share) {
    const ValueOf value = [&](const Cell& cell) {
      return rates.share(cell.typical(), flops, share);
    };
    const std::string title(record::metric_info(share).title);
    Column column = value_column(cells, title, value, kShare);
    if (column.is_measured()) table.push_back(std::move(column));
  };
  add("model_flops_per_second", "gemm_share");
  if (std::ranges::any_of(cells, recomputes)) {
    add("hardware_flops_per_second", "hardware_gemm_share");
  }
}

// All columns, which need more room than a page has.
Table wide_table(const Comparison& of) {
  const ScenarioCells& scenario = of.scenario;
  const auto& cells = scenario.cells;
  Table table = axis_columns(scenario, cells);
  for (const char* metric : headline_metrics(scenario)) {
    table.push_back(metric_column(cells, metric));
  }
  add_repetition_columns(scenario, table);
  add_share_columns(scenario, of.rates, table);
  add_improvement_columns(of, table);
  if (const auto program = program_column(scenario)) table.push_back(*program);
  if (const auto result = result_column(cells)) table.push_back(*result);
  return table;
}

Column label_column(const ScenarioCells& scenario) {
  return entry_column(scenario.cells, key_column("cell"), [&](const Cell& cell) -> Entry {
    const std::string label = label_of(cell, scenario.varying_axes);
    return label.empty() ? cell.id() : label;
  });
}

// "4 of 5" where not all repetitions count.
Column rounds_column(const Comparison& of) {
  Column column = number_column("n", kCount);
  const Gains& gains = of.gains("runtime");
  for (std::size_t i = 0; i < of.scenario.cells.size(); ++i) {
    const auto run = of.scenario.cells[i].repetitions.size();
    const auto& gain = gains.of_cells()[i];
    const bool all_count = !gain || static_cast<std::size_t>(gain->rounds) >= run;
    Entry entry(static_cast<double>(run));
    if (!all_count)
      entry = Entry(static_cast<double>(run), fmt::format("{} of {}", gain->rounds, run));
    column.add(entry);
  }
  return column;
}

// "OOM": the notes say the rest.
std::optional<Column> word_column(const std::vector<Cell>& cells) {
  if (std::ranges::all_of(cells, [](const Cell& cell) { return cell.ok(); })) return std::nullopt;
  return entry_column(cells, words_column("result"), [](const Cell& cell) {
    const auto* failure = cell.failure();
    const auto disposition = failure ? failure->disposition : record::Disposition::kOk;
    Entry entry(disposition, disposition_word(disposition));
    if (failure) entry.tone = Tone::kBad;
    return entry;
  });
}

// Rates of the same tokens gain as runtimes do, and say nothing more.
bool say_the_same(const Column& a, const Column& b) {
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    const auto* x = std::get_if<double>(&a.entries[i].value);
    const auto* y = std::get_if<double>(&b.entries[i].value);
    if (x && y && std::abs(*x / *y - 1) > kSameGain) return false;
  }
  return true;
}

// The answer's table: gains first, as wide as a page on GitHub or a terminal of 80 columns.
Table narrow_table(const Comparison& of) {
  const auto& cells = of.scenario.cells;
  Table table = {label_column(of.scenario)};
  const Column gain = factor_column(of, "gain", "runtime");
  const Column tokens_gain = factor_column(of, "tokens/s gain", "tokens_per_second");
  const bool compares = compares_any(of);
  if (compares) {
    table.push_back(gain);
    if (tokens_gain.is_measured() && !say_the_same(gain, tokens_gain)) table.push_back(tokens_gain);
  }
  std::vector<std::string> metrics;
  for (const char* metric : headline_metrics(of.scenario)) {
    const bool is_memory = record::metric_info(metric).unit == "bytes";
    if (is_memory && !metrics.empty()) continue;  // the first is the one that must fit
    metrics.emplace_back(metric);
    if (is_memory && compares) table.push_back(change_column(of, metric));
  }
  // Time and rate before memory.
  std::ranges::rotate(metrics, metrics.begin() + (metrics.size() > 2 ? 1 : 0));
  for (const std::string& metric : metrics) table.push_back(metric_column(cells, metric));
  const bool repeated =
      std::ranges::any_of(cells, [](const Cell& cell) { return cell.repetitions.size() > 1; });
  if (repeated) table.push_back(rounds_column(of));
  if (const auto result = word_column(cells)) table.push_back(*result);
  std::erase_if(table,
                [](const Column& column) { return !column.is_key && !column.is_measured(); });
  return table;
}

// Those that were asked for, by the names that programs or people have for them.
Table chosen_columns(const Comparison& of, const std::vector<std::string>& names) {
  Table all = wide_table(of);
  for (Column& column : narrow_table(of)) all.push_back(std::move(column));
  // Axes are columns of the wide table where they vary.
  Table chosen = {label_column(of.scenario)};
  for (const std::string& name : names) {
    const auto found = std::ranges::find_if(
        all, [&](const Column& column) { return column.key() == name || column.title == name; });
    if (found == all.end()) {
      std::vector<std::string> known;
      for (const Column& column : all) known.push_back(column.key());
      throw Error("--columns: no column '{}'; {}", name, suggestion(name, known));
    }
    if (found->key() != "cell") chosen.push_back(*found);
  }
  return chosen;
}

Table token_table(const ScenarioCells& scenario) {
  const std::vector<Cell> cells = scenario.ok_cells();
  return measured_table(
      scenario, cells,
      metric_columns(
          cells, {"first_step_time", "load_time", "checkpoint_load_time", "checkpoint_save_time",
                  "checkpoint_bytes", "real_tokens", "padding_tokens", "loss_tokens",
                  "padded_tokens_per_second", "global_tokens_per_second", "rss_peak", "loss",
                  "expert_imbalance", "rank_imbalance"}));
}

}  // namespace

namespace {

Reference baseline_of(const ScenarioCells& scenario, const AxisValues& asked) {
  const Reference found(scenario, asked);
  if (!asked.empty() || !scenario.baseline.empty()) return found;
  const std::vector<Rung> rungs = ladder_of(scenario, found);
  if (rungs.empty()) return found;
  return Reference(scenario, start_of(rungs, scenario));
}

}  // namespace

Comparison::Comparison(const ScenarioCells& of, const AxisValues& asked,
                       const GemmRates& of_machine)
    : scenario(of),
      rates(of_machine),
      reference(baseline_of(of, asked)),
      references(reference.of_cells(of)) {}

const Gains& Comparison::gains(const std::string& metric) const {
  const auto found = gains_.find(metric);
  if (found != gains_.end()) return found->second;
  return gains_.emplace(metric, Gains(scenario, reference, metric)).first->second;
}

void add_comparison(Document& document, const Comparison& of, const ComparisonOptions& options) {
  const ScenarioCells& scenario = of.scenario;
  const auto attributions = attributions_of(scenario, of.reference, of.gains("runtime"));
  for (const std::string& sentence :
       answer_of(scenario, of.reference, of.gains("runtime"), attributions)) {
    add_paragraph(document, sentence);
  }
  if (!options.columns.empty()) {
    add_table(document, chosen_columns(of, options.columns));
  } else {
    add_table(document, options.is_wide ? wide_table(of) : narrow_table(of));
  }
  add_list(document, findings_of(of));
  add_section(document, {3, "What explains the gain", attributions.size() > kMaxOpenRows},
              attribution_table(scenario, attributions));
  add_section(document, {3, "What each rung contributes"}, ladder_table(scenario, of.reference));
  const auto add_folded = [&](const char* title, Table table) {
    add_section(document, {3, title, !options.is_wide}, std::move(table));
  };
  if (!options.is_wide) add_folded("All columns", wide_table(of));
  add_phases(document, of, !options.is_wide);
  add_folded("Tokens and time", token_table(scenario));
  add_folded("Processes", process_table(scenario));
  add_folded("As imported", imported_table(scenario));
  add_folded("Memory", memory_table(scenario));
  add_folded("Device memory", device_memory_table(scenario));
  add_folded("Cost", cost_table(scenario, options.price_per_gpu_hour));
  std::vector<std::string> conditions = conditions_of(of);
  std::ranges::copy(cost_lines(scenario, options.price_per_gpu_hour),
                    std::back_inserter(conditions));
  if (conditions.empty()) return;
  add_heading(document, 3, "Conditions and definitions", !options.is_wide);
  add_list(document, conditions);
}

}  // namespace moebench::reports
