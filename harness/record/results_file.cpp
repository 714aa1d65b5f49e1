#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/record/record.h"

namespace moebench::record {
namespace {

std::filesystem::path results_path(const std::filesystem::path& folder) {
  return folder / "results.jsonl";
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

bool is_whole_json(std::string_view text) { return nlohmann::json::accept(text); }

bool ends_without_newline(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return in.seekg(-1, std::ios::end) && in.peek() != '\n';
}

// A crash may have cut the last line short: the part is removed, a whole line gets its newline.
void mend_last_line(const std::filesystem::path& path) {
  if (!ends_without_newline(path)) return;
  const std::string content = read_file(path);
  const std::size_t newline = content.rfind('\n');
  const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
  if (is_whole_json(std::string_view(content).substr(start))) {
    append_line(path, "");
    return;
  }
  std::error_code error;
  std::filesystem::resize_file(path, start, error);
  if (error) {
    throw Error("cannot remove the unfinished last line of '{}': {}", path.string(),
                error.message());
  }
}

// Keeps the first appearance's place; a rerun of a repetition replaces the record there.
class RecordList {
 public:
  explicit RecordList(Duplicates duplicates) : duplicates_(duplicates) {}

  void add(CellRecord record, const std::string& origin) {
    const auto [entry, is_new] =
        index_.try_emplace({record.id, record.repetition}, records_.size());
    if (is_new) {
      records_.push_back(std::move(record));
    } else if (duplicates_ == Duplicates::kRefuse) {
      throw Error(
          "{}: repetition {} of cell {} is there twice; each counts once here: remove one line",
          origin, record.repetition, record.id);
    } else {
      records_[entry->second] = std::move(record);
    }
  }
  std::vector<CellRecord> take() { return std::move(records_); }

 private:
  Duplicates duplicates_;
  std::vector<CellRecord> records_;
  std::map<std::pair<std::string, int>, std::size_t> index_;
};

}  // namespace

void append(const std::filesystem::path& results_folder, const CellRecord& record) {
  const auto path = results_path(results_folder);
  mend_last_line(path);
  append_line(path, to_json_line(record));
}

std::vector<CellRecord> load(const std::filesystem::path& results_folder, Duplicates duplicates) {
  const auto path = results_path(results_folder);
  if (!std::filesystem::exists(path)) return {};
  const std::string content = read_file(path);
  RecordList list(duplicates);
  int line_number = 0;
  for (std::size_t start = 0; start < content.size();) {
    const std::size_t end = std::min(content.find('\n', start), content.size());
    const std::string_view line = std::string_view(content).substr(start, end - start);
    const std::string origin = fmt::format("{}:{}", path.string(), ++line_number);
    if (is_blank(line)) {
      // As an editor, or two files joined, leave it.
    } else if (end == content.size() && !is_whole_json(line)) {
      std::cerr << origin << ": warning: the last line was cut short and is left out; its "
                << "repetition will run again\n";
    } else {
      list.add(parse_record(line, origin), origin);
    }
    start = end + 1;
  }
  return list.take();
}

}  // namespace moebench::record
