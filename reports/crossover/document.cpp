#include "reports/crossover/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/error.h"
#include "reports/crossover/heat.h"
#include "reports/crossover/map.h"
#include "reports/crossover/sentences.h"
#include "reports/write/agreement.h"
#include "reports/write/format_value.h"

namespace moebench::crossover {
namespace {

using reports::Document;
using reports::Entry;
using reports::Table;

std::string at_text(const MapLine& line) {
  return line.is_over_tokens ? line.network : tokens_text(line.tokens) + " tokens";
}

// The arm that is told to be fastest of these; "not decided" where none is.
std::string faster_of(const MapGroup& group, const MapPoint& point, std::size_t arm) {
  bool is_fastest = true;
  std::string faster;
  double least = 1;
  for (std::size_t i = 0; i < point.gains[arm].size(); ++i) {
    const auto& gain = point.gains[arm][i];
    if (!gain) continue;
    const bool is_decided = gain->standing() == reports::Standing::kDecided;
    is_fastest = is_fastest && is_decided && gain->factor > 1;
    if (!is_decided || gain->factor >= least) continue;
    least = gain->factor;
    faster = group.arms[group.num_expert_parallel + i];
  }
  if (!best_gain(point, arm)) return reports::kNone;
  if (!faster.empty()) return faster;
  return is_fastest ? group.arms[arm] : "not decided";
}

const record::CellRecord* failure_of(const std::optional<reports::Cell>& cell) {
  return cell ? cell->failure() : nullptr;
}

// A gain, or what became of the arm that failed.
Entry gain_of(const MapGroup& group, const MapPoint& point, std::size_t arm, std::size_t other) {
  const auto& gain = point.gains[arm][other];
  if (gain) return reports::gain_entry(*gain);
  const std::size_t places[] = {arm, group.num_expert_parallel + other};
  for (const std::size_t place : places) {
    const auto* failure = failure_of(point.cells[place]);
    if (failure == nullptr) continue;
    return {failure->disposition, fmt::format("{} {}", group.arms[place],
                                              reports::disposition_word(failure->disposition))};
  }
  return {};
}

std::optional<double> rounds_of(const MapPoint& point, std::size_t arm) {
  std::optional<double> least;
  for (const auto& gain : point.gains[arm]) {
    if (gain) least = std::min<double>(least.value_or(gain->rounds), gain->rounds);
  }
  return least;
}

Table map_table(const MapGroup& group) {
  const bool has_arms = group.num_expert_parallel > 1;
  Table table;
  if (has_arms) table.push_back(reports::key_column("arm"));
  table.push_back(reports::key_column("network"));
  table.push_back(reports::number_column("tokens", reports::kTokens));
  table.back().is_key = true;
  table.push_back(reports::words_column("faster"));
  for (std::size_t i = group.num_expert_parallel; i < group.arms.size(); ++i) {
    const std::string arm = has_arms ? "" : group.arms.front() + " ";
    table.push_back(reports::number_column(arm + "against " + group.arms[i], reports::kFactor));
  }
  table.push_back(reports::number_column("n", reports::kCount));
  for (std::size_t arm = 0; arm < group.num_expert_parallel; ++arm) {
    for (const MapPoint& point : group.points) {
      if (!point.cells[arm]) continue;
      std::vector<Entry> row;
      if (has_arms) row.emplace_back(group.arms[arm]);
      row.insert(row.end(), {point.network, point.tokens, faster_of(group, point, arm)});
      for (std::size_t i = 0; i < point.gains[arm].size(); ++i) {
        row.push_back(gain_of(group, point, arm, i));
      }
      row.emplace_back(rounds_of(point, arm));
      reports::add_row(table, std::move(row));
    }
  }
  return table;
}

void add_crossings(const MapGroup& group, const MapLine& line, const std::string& against,
                   const Line& found, Table& table) {
  for (const Crossing& crossing : found.crossings) {
    const auto text = [&](double place) {
      return Entry(place, line.is_over_tokens ? tokens_text(place) : rate_text(place));
    };
    reports::add_row(
        table, {group.arms[line.arm], against, at_text(line), text(crossing.at), text(crossing.low),
                text(crossing.high), crossing.is_faster_below ? "below" : "above"});
  }
}

// Against each of the other arms, and where there are several, against the best of them.
Table crossing_table(const MapGroup& group, bool over_tokens) {
  const char* what = over_tokens ? "tokens" : "link rate";
  Table table = {reports::key_column("arm"),
                 reports::key_column("against"),
                 reports::key_column("at"),
                 reports::number_column(what),
                 reports::number_column("from"),
                 reports::number_column("to"),
                 reports::words_column("arm is faster")};
  for (const MapLine& line : group.lines) {
    if (line.is_over_tokens != over_tokens) continue;
    for (std::size_t i = 0; i < line.curves.size(); ++i) {
      add_crossings(group, line, group.arms[line.others[i]], line_of({line.curves[i]}), table);
    }
    if (line.curves.size() > 1) add_crossings(group, line, "the best of them", line.line, table);
  }
  return table;
}

std::vector<std::string> failures_of(const MapGroup& group) {
  std::vector<std::string> lines;
  for (const MapPoint& point : group.points) {
    for (std::size_t arm = 0; arm < point.cells.size(); ++arm) {
      const auto* failure = failure_of(point.cells[arm]);
      if (failure == nullptr) continue;
      lines.push_back(fmt::format(
          "{} · {} tokens · {}: {}: {}", group.arms[arm], tokens_text(point.tokens), point.network,
          reports::disposition_word(failure->disposition), reports::first_line(failure->message)));
    }
  }
  return lines;
}

void add_group(const MapGroup& group, int level, Document& document) {
  add_table(document, map_table(group));
  document.emplace_back(heat_of(group));
  add_list(document, failures_of(group));
  for (const bool over_tokens : {true, false}) {
    Table crossings = crossing_table(group, over_tokens);
    if (num_rows(crossings) == 0) continue;
    add_section(document, {level, over_tokens ? "Where the arms are equal" : "At which link rate"},
                std::move(crossings));
  }
  add_section(document, {level, "Numbers of the picture", true}, heat_of(group).numbers);
}

void add_map(const Map& map, Document& document) {
  add_heading(document, 2, map.scenario);
  std::vector<std::string> sentences;
  for (const MapGroup& group : map.groups) {
    for (std::string& sentence : sentences_of(group)) sentences.push_back(std::move(sentence));
  }
  add_list(document, sentences);
  add_paragraph(document,
                "Gains are of the runtime: how many times as fast the arm is, with the interval in "
                "which all of them against one other arm lie with 99 %. ~ and \"not decided\": it "
                "holds 1. Tokens are those of a rank's micro-batch.");
  const bool has_groups = map.groups.size() > 1;
  for (const MapGroup& group : map.groups) {
    if (has_groups) add_heading(document, 3, group.name);
    add_group(group, has_groups ? 4 : 3, document);
  }
}

}  // namespace

Document crossover_document(std::vector<record::CellRecord> recorded, const std::string& against) {
  const auto records = reports::check_agreement(std::move(recorded));
  Document document;
  add_heading(document, 1, "Where expert parallelism starts to win");
  std::string reason;
  bool has_map = false;
  for (const reports::ScenarioCells& scenario : reports::group_cells(records)) {
    try {
      add_map(map_of(scenario, against), document);
      has_map = true;
    } catch (const Error& error) {
      if (reason.empty()) reason = error.what();
    }
  }
  if (!has_map) throw Error("{}", reason);
  return document;
}

}  // namespace moebench::crossover
