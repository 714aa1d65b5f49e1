#include "harness/session/data_check.h"

#include <fmt/format.h>

#include <ostream>
#include <set>
#include <string>

#include "harness/base/parse.h"
#include "harness/data/data_set.h"
#include "harness/data/encoded_text.h"
#include "harness/session/encode_text.h"

namespace moebench::session {
namespace {

// What the facts depend on.
std::string key_of(const config::CellConfig& cell) {
  const config::DataConfig& data = cell.data;
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", to_string(data.source),
                     fmt::join(data.files, "\n"), data.delimiter, data.tokenizer, data.token_dtype,
                     cell.seq_len, cell.model.vocab_size);
}

std::string note_of(const config::CellConfig& cell, const data::DataFacts& facts) {
  const std::string more =
      cell.data.files.size() == 1 ? "" : fmt::format(" and {} more", cell.data.files.size() - 1);
  return fmt::format("data: {} samples of {} tokens, {} unused, seq_len {}: {}{}\n",
                     facts.num_samples, facts.num_tokens, facts.num_unused_tokens, cell.seq_len,
                     cell.data.files.front(), more);
}

}  // namespace

void check_data_files(const std::vector<config::CellConfig>& cells, bool may_leave_host,
                      std::ostream& notes, Problems& problems) {
  if (may_leave_host) return;
  std::set<std::string> checked;
  for (const config::CellConfig& cell : cells) {
    if (cell.measure == config::Measure::kLoad || !cell.data.tokenizer.empty()) continue;
    if (!checked.insert(key_of(cell)).second) continue;
    problems.collect([&] {
      if (const auto facts = data::check_data(cell)) notes << note_of(cell, *facts);
    });
  }
}

void encode_data(const std::vector<config::CellConfig>& cells,
                 const std::filesystem::path& results_folder, std::ostream& notes,
                 Problems& problems) {
  bool is_done = false;
  problems.collect([&] { is_done = encode_texts(cells, results_folder, notes); });
  if (!is_done) return;
  std::set<std::string> checked;
  for (config::CellConfig cell : cells) {
    if (!data::needs_encoding(cell) || cell.known_failure) continue;
    if (!checked.insert(key_of(cell)).second) continue;
    cell.data.encoded = data::encoded_text_path(cell, results_folder);
    problems.collect([&] {
      if (const auto facts = data::check_data(cell)) notes << note_of(cell, *facts);
    });
  }
}

void warn_of_few_data(const config::CellConfig& cell, record::CellRecord& record) {
  const auto number = [&](const char* name) {
    return parse_number<std::int64_t>(record::fact(record.environment, name));
  };
  const auto samples = number("data_samples");
  const auto tokens = number("data_tokens");
  if (!samples || !tokens) return;
  const std::string shortage =
      data::data_shortage(cell, {.num_samples = *samples, .num_tokens = *tokens});
  if (!shortage.empty()) record.warnings.push_back(shortage);
}

}  // namespace moebench::session
