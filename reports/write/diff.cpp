#include "reports/write/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/units.h"
#include "harness/record/metric_catalogue.h"
#include "reports/write/agreement.h"
#include "reports/write/axis_values.h"
#include "reports/write/breakdown.h"
#include "reports/write/columns.h"
#include "reports/write/engines.h"
#include "reports/write/profile_values.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using Names = std::vector<std::string>;

// Less of the whole than this is what the marks between phases cost, and rounding.
constexpr double kSmallestRest = 1e-3;

struct CellPair {
  const Cell& from;
  const Cell& to;
};

// One thing that takes time or memory in either cell; where it is in one alone the other has none.
struct Amount {
  double value = 0;
  double calls = 0;
};
struct DiffRow {
  Amount from;
  Amount to;

  double difference() const { return to.value - from.value; }
};
using DiffRows = std::map<Names, DiffRow>;  // by the key columns' texts

NumberStyle with_sign(NumberStyle style) {
  style.format = format_signed;
  return style;
}

// Says how the rows of a table are shown.
struct DiffTable {
  Names keys;  // titles
  NumberStyle style = kMilliseconds;
  bool has_calls = false;
  std::string total_name = "all";
  std::optional<DiffRow> total{};  // empty: the sum of the rows
  std::size_t top = 0;
};

Names labelled(const std::string& label, std::size_t num_keys) {
  Names names(num_keys);
  names.front() = label;
  return names;
}

void add_to(DiffRow& sum, const DiffRow& row) {
  sum.from.value += row.from.value;
  sum.from.calls += row.from.calls;
  sum.to.value += row.to.value;
  sum.to.calls += row.to.calls;
}

// The largest differences, the others together, what no row has, and the whole.
std::vector<std::pair<Names, DiffRow>> shown_rows(const DiffRows& rows, const DiffTable& options) {
  std::vector<std::pair<Names, DiffRow>> sorted(rows.begin(), rows.end());
  std::ranges::stable_sort(sorted, std::ranges::greater(),
                           [](const auto& row) { return std::abs(row.second.difference()); });
  DiffRow sum, others;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    add_to(sum, sorted[i].second);
    if (i >= options.top) add_to(others, sorted[i].second);
  }
  const std::size_t num_keys = options.keys.size();
  if (sorted.size() > options.top) {
    const std::size_t num_others = sorted.size() - options.top;
    sorted.resize(options.top);
    sorted.emplace_back(
        labelled(num_others == 1 ? "(another one)" : fmt::format("({} others)", num_others),
                 num_keys),
        others);
  }
  const DiffRow whole = options.total.value_or(sum);
  const DiffRow rest = {{whole.from.value - sum.from.value}, {whole.to.value - sum.to.value}};
  const auto is_large = [](double part, double of) {
    return std::abs(part) > kSmallestRest * std::abs(of);
  };
  if (is_large(rest.from.value, whole.from.value) || is_large(rest.to.value, whole.to.value)) {
    sorted.emplace_back(labelled("(in none of these)", num_keys), rest);
  }
  sorted.emplace_back(labelled(options.total_name, num_keys), whole);
  return sorted;
}

void add_diff_table(Document& document, const std::string& heading, const DiffRows& rows,
                    const DiffTable& options) {
  if (rows.empty()) return;
  Table table;
  for (const std::string& key : options.keys) table.push_back(key_column(key));
  table.push_back(number_column("from", options.style));
  table.push_back(number_column("to", options.style));
  table.push_back(number_column("difference", with_sign(options.style)));
  if (options.has_calls) {
    table.push_back(number_column("calls from"));
    table.push_back(number_column("calls to"));
  }
  for (const auto& [keys, row] : shown_rows(rows, options)) {
    std::vector<Entry> entries(keys.begin(), keys.end());
    entries.insert(entries.end(), {row.from.value, row.to.value, row.difference()});
    if (options.has_calls) {
      const bool is_counted = row.from.calls + row.to.calls > 0;
      entries.push_back(is_counted ? Entry(row.from.calls) : Entry());
      entries.push_back(is_counted ? Entry(row.to.calls) : Entry());
    }
    add_row(table, std::move(entries));
  }
  add_section(document, {4, heading}, std::move(table));
}

double num_ranks(const Cell& cell, const std::string& metric) {
  return static_cast<double>(std::max<std::size_t>(1, rank_values(cell, metric).size()));
}

double mean_of_ranks(const Cell& cell, const std::string& metric) {
  double sum = 0;
  for (const double value : rank_values(cell, metric)) sum += value;
  return sum / num_ranks(cell, metric);
}

using AmountsOf = void (*)(const Cell& cell, std::map<Names, Amount>& amounts);

DiffRows rows_of(const CellPair& pair, AmountsOf amounts_of) {
  DiffRows rows;
  std::map<Names, Amount> amounts;
  amounts_of(pair.from, amounts);
  for (const auto& [keys, amount] : std::exchange(amounts, {})) rows[keys].from = amount;
  amounts_of(pair.to, amounts);
  for (const auto& [keys, amount] : amounts) rows[keys].to = amount;
  return rows;
}

void add_prefixed(const Cell& cell, const std::string& prefix, std::map<Names, Amount>& amounts) {
  for (const std::string& name : names_after(cell, prefix)) {
    const auto value = cell.value(prefix + name);
    if (value && *value != 0) amounts[{name}] = {*value};
  }
}

void profiled_phases(const Cell& cell, std::map<Names, Amount>& amounts) {
  add_prefixed(cell, "profile_phase.", amounts);
}

void measured_phases(const Cell& cell, std::map<Names, Amount>& amounts) {
  add_prefixed(cell, "phase_time_", amounts);
}

void load_stages(const Cell& cell, std::map<Names, Amount>& amounts) {
  add_prefixed(cell, "load_stage.", amounts);
}

// Of a step, mean over the ranks, as phases are.
void operations(const Cell& cell, std::map<Names, Amount>& amounts) {
  const double runs =
      cell.value("profiled_steps").value_or(1) * num_ranks(cell, "profile_ops_step_time");
  for (const OperationRow& row : operation_rows(cell)) {
    const std::string name = row.function.empty() ? "(outside operations)" : row.function;
    amounts[{name, row.phase}] = {row.own_ns / runs, row.calls / runs};
  }
}

void collectives(const Cell& cell, std::map<Names, Amount>& amounts) {
  for (const CollectiveRow& row : collective_rows(cell)) {
    amounts[{row.kind, row.size}] = {row.wait_ns + row.transfer_ns, row.calls};
  }
}

void kernels(const Cell& cell, std::map<Names, Amount>& amounts) {
  for (const ActivityRow& row : activity_rows(cell)) {
    amounts[{row.name, row.phase}] = {row.time_ns, row.calls};
  }
}

void memory_at_peak(const Cell& cell, std::map<Names, Amount>& amounts) {
  for (const auto& [kind, bytes] : memory_peak(cell).kinds) amounts[{kind}] = {bytes};
}

void memory_metrics(const Cell& cell, std::map<Names, Amount>& amounts) {
  for (const record::MetricInfo& info : record::metric_catalogue()) {
    const bool is_memory = info.unit == "bytes" && !info.is_family() &&
                           (info.name.starts_with("mem_") || info.name.starts_with("rss_") ||
                            info.name.starts_with("process_"));
    const auto value = is_memory ? cell.value(info.name) : std::nullopt;
    if (value) amounts[{std::string(info.name)}] = {*value};
  }
}

std::optional<DiffRow> whole_of(const std::optional<double>& from,
                                const std::optional<double>& to) {
  if (!from || !to) return std::nullopt;
  return DiffRow{{*from}, {*to}};
}

void add_phases(Document& document, const CellPair& pair) {
  const bool are_profiled = is_profiled(pair.from) && is_profiled(pair.to);
  const bool shows_profile = are_profiled && !rows_of(pair, profiled_phases).empty();
  const std::string metric = "profile_phases_step_time";
  const DiffTable options = {
      .keys = {"phase"},
      .total_name = "step",
      .total = shows_profile
                   ? whole_of(mean_of_ranks(pair.from, metric), mean_of_ranks(pair.to, metric))
                   : whole_of(mean_step_ns(pair.from.typical()), mean_step_ns(pair.to.typical())),
      .top = 1000};  // all of them: they are few
  add_diff_table(document, "Phases",
                 rows_of(pair, shows_profile ? profiled_phases : measured_phases), options);
  add_diff_table(document, "Stages of the load", rows_of(pair, load_stages),
                 {.keys = {"stage"}, .top = 1000});
}

void add_profiles(Document& document, const CellPair& pair, std::size_t top) {
  if (!is_profiled(pair.from) || !is_profiled(pair.to)) return;
  const std::string metric = "profile_ops_step_time";
  add_diff_table(
      document, "Operations", rows_of(pair, operations),
      {.keys = {"operation", "phase"},
       .has_calls = true,
       .total_name = "step",
       .total = whole_of(mean_of_ranks(pair.from, metric), mean_of_ranks(pair.to, metric)),
       .top = top});
  add_diff_table(document, "Collectives", rows_of(pair, collectives),
                 {.keys = {"collective", "up to"}, .has_calls = true, .top = top});
  add_diff_table(document, "GPU kernels", rows_of(pair, kernels),
                 {.keys = {"kernel or copy", "launched in"}, .has_calls = true, .top = top});
}

// Amounts of which none is part of another's sum.
void add_memory(Document& document, const CellPair& pair) {
  Table table = {key_column("memory"), number_column("from", kMegabytes),
                 number_column("to", kMegabytes),
                 number_column("difference", with_sign(kMegabytes))};
  std::vector<std::pair<Names, DiffRow>> rows;
  for (auto& row : rows_of(pair, memory_metrics)) rows.push_back(row);
  std::ranges::stable_sort(rows, std::ranges::greater(),
                           [](const auto& row) { return std::abs(row.second.difference()); });
  for (const auto& [keys, row] : rows) {
    if (!pair.from.value(keys.front()) || !pair.to.value(keys.front())) continue;
    add_row(table, {keys.front(), row.from.value, row.to.value, row.difference()});
  }
  if (num_rows(table) > 0) add_section(document, {4, "Memory"}, std::move(table));
  const std::string from = memory_peak(pair.from).phase, to = memory_peak(pair.to).phase;
  if (from.empty() || to.empty()) return;
  add_diff_table(document, "Memory at the peak", rows_of(pair, memory_at_peak),
                 {.keys = {"kind"}, .style = kMegabytes, .top = 1000});
  add_paragraph(
      document,
      fmt::format("What was alive when most was, on the rank that needs most; from: in {}, "
                  "to: in {}.",
                  from, to));
}

void add_headlines(Document& document, const CellPair& pair, const ScenarioCells& scenario) {
  Table table = {key_column("metric"), words_column("unit"), number_column("from"),
                 number_column("to"), number_column("change", kChange)};
  std::vector<const char*> metrics = headline_metrics(scenario);
  metrics.insert(metrics.end(), {"step_time", "load_time"});
  for (const char* metric : metrics) {
    const auto from = pair.from.value(metric), to = pair.to.value(metric);
    if (!from || !to) continue;
    const NumberStyle style = metric_column({pair.from, pair.to}, metric).style;
    const auto shown = [&](double value) {
      return Entry(value, style.format(value / style.divisor));
    };
    const std::string unit = *style.printed_unit != '\0' ? style.printed_unit : style.unit;
    add_row(table, {metric, unit == "1" ? "" : unit, shown(*from), shown(*to),
                    *from == 0 ? Entry() : Entry(*to / *from - 1)});
  }
  if (num_rows(table) > 0) add_table(document, std::move(table));
}

// "parallelism fsdp → ep · ep_degree 1 → 8"
std::string name_of(const CellPair& pair) {
  std::string text;
  for (const std::string& axis : differing_axes({&pair.from, &pair.to})) {
    text += fmt::format("{}{} {} → {}", text.empty() ? "" : " · ", axis, pair.from.axis(axis),
                        pair.to.axis(axis));
  }
  return text.empty() ? fmt::format("cell {} → {}", pair.from.id(), pair.to.id()) : text;
}

// The axes in which the scenario's cells differ, but these two do not.
Names common_varying_axes(const ScenarioCells& scenario, const CellPair& pair) {
  Names axes = scenario.varying_axes;
  std::erase_if(
      axes, [&](const std::string& axis) { return pair.from.axis(axis) != pair.to.axis(axis); });
  return axes;
}

bool has(const Cell& cell, const AxisValues& axes) {
  return std::ranges::all_of(
      axes, [&](const auto& axis) { return cell.axis(axis.first) == axis.second; });
}

// The axes that a pair has in common.
AxisValues other_axes(const Cell& cell, const DiffOptions& options) {
  std::set<std::string> named;
  for (const AxisValues* axes : {&options.from, &options.to}) {
    for (const auto& [name, value] : *axes) named.insert(name);
  }
  AxisValues others = cell.first().axes;
  std::erase_if(others, [&](const auto& axis) {
    return named.contains(axis.first) || is_degree(axis.first) || axis.second.empty();
  });
  std::ranges::sort(others);
  return others;
}

// Tells pairs, and what is left without a partner.
struct Matches {
  std::vector<CellPair> pairs{};
  std::size_t num_alone = 0;
};

Matches matches_in(const ScenarioCells& scenario, const DiffOptions& options) {
  std::vector<const Cell*> from, to;
  for (const Cell& cell : scenario.cells) {
    if (cell.ok() && has(cell, options.from)) from.push_back(&cell);
    if (cell.ok() && has(cell, options.to)) to.push_back(&cell);
  }
  if (from.size() == 1 && to.size() == 1 && from != to) return {{{*from.front(), *to.front()}}};
  std::map<AxisValues, std::vector<const Cell*>> partners;
  for (const Cell* cell : to) partners[other_axes(*cell, options)].push_back(cell);
  std::map<AxisValues, std::size_t> num_from;
  for (const Cell* cell : from) ++num_from[other_axes(*cell, options)];
  Matches matches;
  for (const Cell* cell : from) {
    const AxisValues others = other_axes(*cell, options);
    const auto found = partners.find(others);
    const bool is_pair = found != partners.end() && found->second.size() == 1 &&
                         num_from[others] == 1 && found->second.front() != cell;
    if (is_pair) {
      matches.pairs.push_back({*cell, *found->second.front()});
    } else {
      ++matches.num_alone;
    }
  }
  return matches;
}

std::string axes_text(const AxisValues& axes) {
  std::string text;
  for (const auto& [name, value] : axes) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value);
  }
  return text.empty() ? "any cell" : text;
}

[[noreturn]] void refuse_without_pairs(const std::vector<ScenarioCells>& scenarios,
                                       const std::vector<CellRecord>& records,
                                       const DiffOptions& options) {
  Names axes;
  for (const ScenarioCells& scenario : scenarios) {
    for (const std::string& axis : scenario.varying_axes) {
      if (axis != "id" && std::ranges::count(axes, axis) == 0) axes.push_back(axis);
    }
  }
  throw Error(
      "no ok cell with {} has one with {} that equals it in all other axes; name the cells with "
      "--from and --to axis=value,...: {}",
      axes_text(options.from), axes_text(options.to),
      axes.empty() ? "all results are of one cell" : "they have " + describe_axes(records, axes));
}

Names names_of(const AxisValues& axes) {
  Names names;
  for (const auto& [name, value] : axes) names.push_back(name);
  return names;
}

}  // namespace

Document diff_document(std::vector<CellRecord> recorded, const DiffOptions& options) {
  const auto records = with_arms(check_agreement(std::move(recorded)));
  require_axes(records, names_of(options.from), "--from");
  require_axes(records, names_of(options.to), "--to");
  const auto scenarios = group_cells(records);
  Document document;
  for (const ScenarioCells& scenario : scenarios) {
    const Matches matches = matches_in(scenario, options);
    if (matches.pairs.empty()) continue;
    add_heading(document, 2, scenario.name);
    for (const CellPair& pair : matches.pairs) {
      add_heading(document, 3, name_of(pair));
      const std::string common = describe(pair.from, common_varying_axes(scenario, pair));
      if (!common.empty()) add_paragraph(document, common);
      add_headlines(document, pair, scenario);
      add_phases(document, pair);
      add_profiles(document, pair, options.top);
      add_memory(document, pair);
    }
    Names notes = {
        "from, to: a step, means over ranks and steps, of the cells' typical repetitions. "
        "difference: to - from."};
    if (matches.num_alone > 0) {
      notes.push_back(fmt::format("without a partner: {} cells with {}", matches.num_alone,
                                  axes_text(options.from)));
    }
    add_list(document, notes);
  }
  if (document.empty()) refuse_without_pairs(scenarios, records, options);
  return document;
}

}  // namespace moebench::reports
