#include "tools/moebench/resume_report.h"

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/session/plan.h"
#include "reports/write/format_value.h"
#include "reports/write/table.h"

namespace moebench::cli {
namespace {

std::string seconds_text(const std::optional<double>& ns) {
  return reports::format_number(ns ? std::optional(*ns / kNsPerSecond) : std::nullopt);
}

// The axes that a resumed run changes.
std::string resumed_as(const session::ResumeRow& row) {
  if (!row.recipe.is_rearranged()) return "the same";
  std::string text;
  const auto before = row.recipe.straight.axes(), after = row.recipe.resumed.axes();
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (after[i] == before[i]) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", after[i].first, after[i].second);
  }
  return text;
}

reports::Table table_of(const std::vector<session::ResumeRow>& rows,
                        const std::vector<std::string>& axes) {
  using reports::Align;
  std::vector<std::optional<double>> bytes;
  for (const session::ResumeRow& row : rows) bytes.push_back(row.checkpoint_bytes);
  const reports::Unit unit = reports::byte_unit(bytes);
  reports::Table table = {{"cell", Align::kLeft},
                          {"resumed as", Align::kLeft},
                          {"steps compared"},
                          {"loss Δ"},
                          {"gradient norm Δ"},
                          {"parameters Δ"},
                          {"bit-identical", Align::kLeft},
                          {"save (s)"},
                          {"load (s)"},
                          {fmt::format("checkpoint ({})", unit.name)},
                          {"verdict", Align::kLeft}};
  for (const session::ResumeRow& row : rows) {
    const session::ResumeCheck& check = row.check;
    auto size = row.checkpoint_bytes;
    if (size) *size /= unit.divisor;
    const std::string cells[] = {
        session::describe(row.cell, axes),
        resumed_as(row),
        fmt::format("{} + {}", row.recipe.steps_before, check.num_steps - row.recipe.steps_before),
        session::difference_text(check.loss),
        session::difference_text(check.grad_norm),
        session::difference_text(check.parameters),
        check.is_bit_identical ? "yes" : "no",
        seconds_text(row.save_time_ns),
        seconds_text(row.load_time_ns),
        reports::format_number(size),
        check.failure.empty() ? "ok" : "FAILED"};
    for (std::size_t i = 0; i < table.size(); ++i) table[i].cells.push_back(cells[i]);
  }
  return table;
}

}  // namespace

std::string resume_report(const std::vector<session::ResumeRow>& rows) {
  std::vector<config::CellConfig> cells;
  for (const session::ResumeRow& row : rows) cells.push_back(row.cell);
  const auto axes = session::varying_axes(cells);
  std::string text = reports::to_markdown(table_of(rows, axes));
  text +=
      "\nΔ: largest relative difference from the run that never stopped, over the steps before + "
      "after "
      "the checkpoint and in the final parameters. Allowed: 0 where ranks and parallelism are the "
      "same, moments included; else 1e-6 in fp32, and 1e-3, 5e-2, 1e-1 in bf16.\n";
  for (const session::ResumeRow& row : rows) {
    if (row.check.failure.empty()) continue;
    text += fmt::format("- FAILED: {}, resumed as {}: {}\n", session::describe(row.cell, axes),
                        resumed_as(row), row.check.failure);
  }
  return text;
}

}  // namespace moebench::cli
