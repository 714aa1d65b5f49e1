#include <fmt/core.h>

#include <iostream>

#include "harness/base/error.h"
#include "harness/session/baseline_store.h"
#include "reports/gate/baseline.h"
#include "reports/gate/fingerprint.h"
#include "reports/gate/names.h"
#include "reports/write/cells.h"
#include "reports/write/table.h"
#include "tools/moebench/commands.h"

namespace moebench::cli {
namespace {

using reports::Align;
using Records = std::vector<record::CellRecord>;

std::string value_in(const record::Environment& environment, const char* key) {
  const auto found = environment.find(key);
  return found == environment.end() ? "" : found->second;
}

int save(const session::BaselineStore& store, const BaselineOptions& options) {
  if (options.folder.empty()) throw Error("baseline save NAME DIR: name the results folder too");
  const Records records = gate::baseline_runs(record::load(options.folder));
  const int number = store.save(options.name, records);
  const bool is_current = store.current(options.name) == number;
  std::cout << fmt::format("saved {} runs as generation {} of '{}'{}\n", records.size(), number,
                           options.name,
                           is_current ? ""
                                      : fmt::format("; generation {} stays the current one until "
                                                    "'moebench baseline promote {}'",
                                                    store.current(options.name), options.name));
  return kExitOk;
}

int list(const session::BaselineStore& store) {
  reports::Table table = {{"name", Align::kLeft},   {"current"},
                          {"generations"},          {"runs"},
                          {"git", Align::kLeft},    {"measured", Align::kLeft},
                          {"machine", Align::kLeft}};
  for (const std::string& name : store.names()) {
    const Records records = store.load(name);
    const auto& environment = records.front().environment;
    const std::string cells[] = {name,
                                 std::to_string(store.current(name)),
                                 std::to_string(store.generations(name).size()),
                                 std::to_string(records.size()),
                                 value_in(environment, "git_sha"),
                                 records.front().started_at,
                                 value_in(environment, "cpu_model")};
    for (std::size_t i = 0; i < table.size(); ++i) table[i].cells.push_back(cells[i]);
  }
  std::cout << to_markdown(table);
  return kExitOk;
}

// A row a cell and generation, the oldest first: exact metrics, and times as a history.
std::string history(const session::BaselineStore& store, const std::string& name) {
  reports::Table table = {
      {"cell", Align::kLeft}, {"generation"}, {"git", Align::kLeft}, {"runs"},     {"mem_alloc"},
      {"mem_peak"},           {"loss"},       {"step_time"},         {"load_time"}};
  for (const int generation : store.generations(name)) {
    const Records records = store.load(name, generation);
    for (const auto& scenario : reports::group_cells(records)) {
      for (const auto& cell : scenario.cells) {
        const std::string axes = describe(cell, scenario.varying_axes());
        table[0].cells.push_back(axes.empty() ? scenario.name : axes);
        table[1].cells.push_back(std::to_string(generation));
        table[2].cells.push_back(value_in(cell.first().environment, "git_sha"));
        table[3].cells.push_back(std::to_string(cell.repetitions.size()));
        std::size_t column = 4;
        for (const char* metric : {"mem_alloc", "mem_peak", "loss", "step_time", "load_time"}) {
          const auto found = cell.first().metrics.find(metric);
          const std::string unit = found == cell.first().metrics.end() ? "" : found->second.unit;
          table[column++].cells.push_back(gate::value_text(cell.median(metric), unit));
        }
      }
    }
  }
  return to_markdown(table);
}

int show(const session::BaselineStore& store, const std::string& name) {
  const Records records = store.load(name);
  std::string text =
      fmt::format("# baseline {}\n\ncurrent generation: {}\n\n", name, store.current(name));
  for (const auto& [key, value] : gate::common_fingerprint(records)) {
    text += fmt::format("- {}: {}\n", key, value);
  }
  std::cout << text << "\n" << history(store, name);
  return kExitOk;
}

int promote(const session::BaselineStore& store, const std::string& name) {
  store.current(name);  // NoBaseline where there is none
  const int newest = store.generations(name).back();
  store.promote(name, newest);
  std::cout << fmt::format("generation {} of '{}' is the current one\n", newest, name);
  return kExitOk;
}

}  // namespace

int run_command(const BaselineOptions& options) {
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
