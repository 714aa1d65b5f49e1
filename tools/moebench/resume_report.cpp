#include "tools/moebench/resume_report.h"

#include <fmt/format.h>

#include "harness/session/plan.h"

namespace moebench::cli {
namespace {

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
  using reports::number_column;
  std::vector<std::optional<double>> bytes;
  for (const session::ResumeRow& row : rows) bytes.push_back(row.checkpoint_bytes);
  reports::Table table = {reports::key_column("cell"),
                          reports::key_column("resumed as"),
                          number_column("steps compared"),
                          number_column("loss Δ"),
                          number_column("by rounding"),
                          number_column("gradient norm Δ"),
                          number_column("parameters Δ"),
                          reports::words_column("bit-identical"),
                          number_column("save", reports::kSeconds),
                          number_column("load", reports::kSeconds),
                          number_column("checkpoint", reports::bytes_style(bytes)),
                          reports::words_column("verdict")};
  for (const session::ResumeRow& row : rows) {
    const session::ResumeCheck& check = row.check;
    const auto difference = [](const std::optional<double>& value) {
      return reports::Entry(value, session::difference_text(value));
    };
    add_row(
        table,
        {session::describe(row.cell, axes), resumed_as(row),
         fmt::format("{} + {}", row.recipe.steps_before, check.num_steps - row.recipe.steps_before),
         difference(check.loss), difference(check.loss_by_rounding), difference(check.grad_norm),
         difference(check.parameters), check.is_bit_identical ? "yes" : "no", row.save_time_ns,
         row.load_time_ns, row.checkpoint_bytes, check.failure.empty() ? "ok" : "FAILED"});
  }
  return table;
}

}  // namespace

reports::Document resume_document(const std::vector<session::ResumeRow>& rows) {
  std::vector<config::CellConfig> cells;
  for (const session::ResumeRow& row : rows) cells.push_back(row.cell);
  const auto axes = session::varying_axes(cells);
  reports::Document document = {table_of(rows, axes)};
  add_paragraph(
      document,
      "Δ: largest relative difference from the run that never stopped, over the steps before + "
      "after the checkpoint and in the final parameters. by rounding: the same of a run that goes "
      "on "
      "from the checkpoint as it was arranged, with every weight one unit in its last place off. "
      "Allowed: 0 where the arrangement is the same, moments included; else at each step 20 (fp32) "
      "or 4 (bf16) times what rounding did so far.");
  std::vector<std::string> failures;
  for (const session::ResumeRow& row : rows) {
    if (row.check.failure.empty()) continue;
    failures.push_back(fmt::format("FAILED: {}, resumed as {}: {}",
                                   session::describe(row.cell, axes), resumed_as(row),
                                   row.check.failure));
  }
  add_list(document, failures);
  return document;
}

}  // namespace moebench::cli
