#include <fmt/core.h>

#include <array>

#include "harness/base/error.h"
#include "harness/session/baseline_store.h"
#include "reports/gate/baseline.h"
#include "reports/compare/fingerprint.h"
#include "reports/gate/names.h"
#include "reports/write/cells.h"
#include "reports/write/document.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

using reports::kCount;
using reports::key_column;
using reports::number_column;
using reports::Table;
using reports::words_column;
using Records = std::vector<record::CellRecord>;

std::string value_in(const record::Environment& environment, const char* key) {
  const auto found = environment.find(key);
  return found == environment.end() ? "" : found->second;
}

int save(const session::BaselineStore& store, const BaselineArguments& options) {
  if (options.folder.empty()) throw Error("baseline save NAME DIR: name the results folder too");
  const Records records = gate::baseline_runs(record::load(options.folder));
  const int number = store.save(options.name, records);
  const bool is_current = store.current(options.name) == number;
  print_text(fmt::format("saved {} runs as generation {} of '{}'{}\n", records.size(), number,
                         options.name,
                         is_current ? ""
                                    : fmt::format("; generation {} stays the current one until "
                                                  "'moebench baseline promote {}'",
                                                  store.current(options.name), options.name)));
  return kExitOk;
}

int list(const session::BaselineStore& store) {
  Table table = {key_column("name"),
                 number_column("current", kCount),
                 number_column("generations", kCount),
                 number_column("runs", kCount),
                 words_column("git"),
                 words_column("measured"),
                 words_column("machine")};
  for (const std::string& name : store.names()) {
    const Records records = store.load(name);
    const auto& environment = records.front().environment;
    add_row(table, {name, static_cast<double>(store.current(name)),
                    static_cast<double>(store.generations(name).size()),
                    static_cast<double>(records.size()), value_in(environment, "git_sha"),
                    records.front().started_at, value_in(environment, "cpu_model")});
  }
  print_document({std::move(table)});
  return kExitOk;
}

// A row a cell and generation, the oldest first: exact metrics, and times as a history.
Table history(const session::BaselineStore& store, const std::string& name) {
  constexpr std::array kMetrics = {std::pair("mem_alloc", "bytes"), std::pair("mem_peak", "bytes"),
                                   std::pair("loss", "1"), std::pair("step_time", "ns"),
                                   std::pair("load_time", "ns")};
  Table table = {key_column("cell"), number_column("generation", kCount), words_column("git"),
                 number_column("runs", kCount)};
  table[1].is_key = true;
  for (const auto& [metric, unit] : kMetrics) table.push_back(number_column(metric, {unit}));
  for (const int generation : store.generations(name)) {
    const Records records = store.load(name, generation);
    for (const auto& scenario : reports::group_cells(records)) {
      for (const auto& cell : scenario.cells) {
        const std::string axes = describe(cell, scenario.varying_axes);
        std::vector<reports::Entry> row = {axes.empty() ? scenario.name : axes,
                                           static_cast<double>(generation),
                                           value_in(cell.first().environment, "git_sha"),
                                           static_cast<double>(cell.repetitions.size())};
        for (const auto& [metric, unit] : kMetrics) {
          const auto value = cell.value(metric);
          row.emplace_back(value, gate::value_text(value, unit));
        }
        add_row(table, std::move(row));
      }
    }
  }
  return table;
}

int show(const session::BaselineStore& store, const std::string& name) {
  const Records records = store.load(name);
  reports::Document document = {
      reports::Heading{1, "baseline " + name},
      reports::Paragraph{fmt::format("current generation: {}", store.current(name))}};
  std::vector<std::string> facts;
  for (const auto& [key, value] : gate::common_fingerprint(records)) {
    facts.push_back(fmt::format("{}: {}", key, value));
  }
  add_list(document, facts);
  add_table(document, history(store, name));
  print_document(document);
  return kExitOk;
}

int promote(const session::BaselineStore& store, const std::string& name) {
  store.current(name);  // NoBaseline where there is none
  const int newest = store.generations(name).back();
  store.promote(name, newest);
  print_text(fmt::format("generation {} of '{}' is the current one\n", newest, name));
  return kExitOk;
}

}  // namespace

int run_command(const BaselineArguments& options) {
  const session::BaselineStore store(options.store);
  if (options.action == "list") return list(store);
  if (options.name.empty()) throw Error("baseline {} NAME: name the baseline", options.action);
  if (options.action == "save") return save(store, options);
  if (options.action == "show") return show(store, options.name);
  if (options.action == "promote") return promote(store, options.name);
  store.remove(options.name);
  return kExitOk;
}

}  // namespace moebench::cli
