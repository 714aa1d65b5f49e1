#include <fmt/core.h>

#include "harness/base/error.h"
#include "harness/session/baseline_store.h"
#include "reports/compare/fingerprint.h"
#include "reports/figures/figures.h"
#include "reports/gate/baseline.h"
#include "reports/gate/history.h"
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

int list(const session::BaselineStore& store, reports::Format format) {
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
                    static_cast<double>(records.size()), record::fact(environment, "git_sha"),
                    records.front().started_at, record::fact(environment, "cpu_model")});
  }
  print_document({std::move(table)}, format);
  return kExitOk;
}

std::vector<gate::Generation> generations_of(const session::BaselineStore& store,
                                             const std::string& name) {
  std::vector<gate::Generation> generations;
  for (const int number : store.generations(name)) {
    generations.push_back({number, store.load(name, number)});
  }
  return generations;
}

int show(const session::BaselineStore& store, const std::string& name,
         const BaselineArguments& options) {
  const Records records = store.load(name);
  reports::Document document = {
      reports::Heading{1, "baseline " + name},
      reports::Paragraph{fmt::format("current generation: {}", store.current(name))}};
  std::vector<std::string> facts;
  for (const auto& [key, value] : gate::common_fingerprint(records)) {
    facts.push_back(fmt::format("{}: {}", key, value));
  }
  add_list(document, facts);
  const auto generations = generations_of(store, name);
  add_table(document, gate::history_table(gate::baseline_history(generations)));
  add_paragraph(
      document,
      "Δ: since the generation before. Nothing pairs generations, so changes of times hold "
      "what the machine did as well; moebench ab compares builds.");
  const reports::Format format = output_format(options.format, options.figure);
  if (reports::shows_figures(format)) {
    for (auto& figure : reports::history_figures(generations)) document.push_back(figure);
  }
  print_document(document, format, options.figure);
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
  if (options.action == "list") return list(store, output_format(options.format));
  if (options.name.empty()) throw Error("baseline {} NAME: name the baseline", options.action);
  if (options.action == "save") return save(store, options);
  if (options.action == "show") return show(store, options.name, options);
  if (options.action == "promote") return promote(store, options.name);
  store.remove(options.name);
  return kExitOk;
}

}  // namespace moebench::cli
