#include "harness/config/resumption.h"

#include <fmt/core.h>

#include <algorithm>

namespace moebench::config {

std::vector<std::string> disagreements(const FieldTexts& stated, const CellConfig& cell,
                                       const Fields& fields) {
  const CellConfig initial;
  std::vector<std::string> found;
  for (const Field& field : fields) {
    if (field.rules.free_on_resumption) continue;
    const auto theirs = std::ranges::find(stated, field.name, &FieldTexts::value_type::first);
    const std::string text = theirs == stated.end() ? field.text(initial) : theirs->second;
    if (text == field.text(cell)) continue;
    found.push_back(fmt::format("{} {} (this cell: {})", field.name, text, field.text(cell)));
  }
  for (const auto& [name, text] : stated) {
    if (find_field(fields, name) != nullptr) continue;
    found.push_back(fmt::format("{} {} (this version knows no such field)", name, text));
  }
  return found;
}

std::int64_t micro_batches_per_step(const CellConfig& cell) {
  return cell.ranks * cell.grad_accumulation;
}

std::filesystem::path checkpoint_folder(const CellConfig& cell,
                                        const std::filesystem::path& repetition_folder) {
  if (cell.checkpoint_folder.empty()) return repetition_folder / "checkpoints";
  return std::filesystem::path(cell.checkpoint_folder) / cell.id() / repetition_folder.filename();
}

}  // namespace moebench::config
