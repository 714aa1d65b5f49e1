#include "harness/record/results_file.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/system_error.h"
#include "harness/record/json_reader.h"
#include "harness/record/quick_reader.h"

namespace moebench::record {
namespace {

std::filesystem::path results_path(const std::filesystem::path& folder) {
  return folder / "results.jsonl";
}

// Opens the file that read_file would read, and throws its errors.
std::ifstream open_to_read(const std::filesystem::path& path) {
  std::ifstream in;
  if (std::filesystem::is_regular_file(path)) in.open(path, std::ios::binary);
  if (!in.is_open()) read_file(path, 0);
  return in;
}

std::filesystem::path bad_path(const std::filesystem::path& folder) {
  return folder / "results.jsonl.bad";
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

bool is_whole_json(std::string_view text) { return nlohmann::json::accept(text); }

bool ends_without_newline(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return in.seekg(-1, std::ios::end) && in.peek() != '\n';
}

// A crash may have cut the last line short: the part is moved to results.jsonl.bad, a whole line
// gets its newline.
void mend_last_line(const std::filesystem::path& path) {
  if (!ends_without_newline(path)) return;
  const std::string content = read_file(path);
  const std::size_t newline = content.rfind('\n');
  const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
  if (is_whole_json(std::string_view(content).substr(start))) {
    append_line(path, "");
    return;
  }
  append_line(bad_path(path.parent_path()), std::string_view(content).substr(start));
  std::error_code error;
  std::filesystem::resize_file(path, start, error);
  if (error) {
    throw_errno(error.value(),
                fmt::format("cannot remove the unfinished last line of '{}'", path.string()));
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
  std::vector<CellRecord> take() {
    records_.shrink_to_fit();
    return std::move(records_);
  }

 private:
  Duplicates duplicates_;
  std::vector<CellRecord> records_;
  std::map<std::pair<std::string, int>, std::size_t> index_;
};

// nullopt where the line is no record, which `bad` is told then.
std::optional<CellRecord> parse_line(std::string_view text, const std::string& origin,
                                     std::uint64_t number, std::vector<BadLine>& bad) {
  try {
    return parse_record(text, origin,
                        "the line is left out, and moebench run makes its repetition again");
  } catch (const OtherSchema&) {
    throw;
  } catch (const Error& error) {
    bad.push_back({number, error.what()});
    return std::nullopt;
  }
}

void warn_of(const std::vector<BadLine>& bad) {
  for (const std::string& warning : warnings_of(bad)) std::cerr << "warning: " << warning << '\n';
}

// Reads line by line: the file as a whole may not fit in memory. `excerpt` null: all is kept.
std::vector<CellRecord> load_lines(const std::filesystem::path& results, Duplicates duplicates,
                                   const Excerpt* excerpt, std::vector<BadLine>& bad) {
  const auto path = std::filesystem::is_regular_file(results) ? results : results_path(results);
  if (!std::filesystem::exists(path)) return {};
  std::ifstream in = open_to_read(path);
  const auto file = std::make_shared<const std::filesystem::path>(path);
  const Excerpt everything;
  QuickReader reader(excerpt != nullptr ? *excerpt : everything);
  RecordList list(duplicates);
  std::string text;
  Line line{.file = file};
  for (; std::getline(in, text); line.offset += line.size + 1) {
    line.size = text.size();
    const std::string origin = fmt::format("{}:{}", path.string(), ++line.number);
    if (is_blank(text)) continue;  // as an editor, or two files joined, leave it
    auto record = reader.read(text);
    if (!record && in.eof() && !is_whole_json(text)) {
      std::cerr << "warning: " << origin
                << ": the last line was cut short and is left out; its repetition will run again\n";
      continue;
    }
    if (!record) {
      // Where each record counts nothing may be left out.
      record = duplicates == Duplicates::kRefuse ? parse_record(text, origin)
                                                 : parse_line(text, origin, line.number, bad);
      if (!record) continue;
      if (excerpt != nullptr) reader.cut(*record);
    }
    if (excerpt != nullptr) record->line = line;
    list.add(std::move(*record), origin);
  }
  if (in.bad()) throw SystemError("cannot read '" + path.string() + "' to its end");
  return list.take();
}

}  // namespace

void append(const std::filesystem::path& results_folder, const CellRecord& record) {
  const auto path = results_path(results_folder);
  mend_last_line(path);
  append_line(path, to_json_line(record));
}

void append_all(const std::filesystem::path& results_folder,
                const std::vector<CellRecord>& records) {
  const auto path = results_path(results_folder);
  std::string content;
  if (std::filesystem::exists(path)) {
    mend_last_line(path);
    content = read_file(path);
  }
  for (const CellRecord& record : records) content += to_json_line(record) + "\n";
  write_file_atomically(path, content);
}

std::vector<CellRecord> load(const std::filesystem::path& results_folder, Duplicates duplicates) {
  std::vector<BadLine> bad;
  auto records = load(results_folder, duplicates, bad);
  warn_of(bad);
  return records;
}

std::vector<CellRecord> load(const std::filesystem::path& results_folder, Duplicates duplicates,
                             std::vector<BadLine>& bad) {
  return load_lines(results_folder, duplicates, nullptr, bad);
}

std::vector<CellRecord> load_excerpts(const std::filesystem::path& results_folder,
                                      const Excerpt& excerpt) {
  std::vector<BadLine> bad;
  auto records = load_excerpts(results_folder, excerpt, bad);
  warn_of(bad);
  return records;
}

std::vector<CellRecord> load_excerpts(const std::filesystem::path& results_folder,
                                      const Excerpt& excerpt, std::vector<BadLine>& bad) {
  return load_lines(results_folder, Duplicates::kLaterCounts, &excerpt, bad);
}

std::vector<std::string> warnings_of(const std::vector<BadLine>& bad) {
  constexpr std::size_t kMost = 10;
  std::vector<std::string> warnings;
  for (const BadLine& line : bad) {
    if (warnings.size() == kMost) {
      warnings.push_back(fmt::format("and {} more such lines", bad.size() - kMost));
      break;
    }
    warnings.push_back(line.complaint);
  }
  return warnings;
}

std::filesystem::path set_aside(const std::filesystem::path& results_folder,
                                const std::vector<BadLine>& bad) {
  const auto path = results_path(results_folder);
  std::ifstream in = open_to_read(path);
  std::set<std::uint64_t> numbers;
  for (const BadLine& line : bad) numbers.insert(line.number);
  std::string kept, moved, text;
  for (std::uint64_t number = 1; std::getline(in, text); ++number) {
    const bool is_bad = numbers.contains(number);
    (is_bad ? moved : kept) += text + (in.eof() && !is_bad ? "" : "\n");
  }
  if (in.bad()) throw SystemError("cannot read '" + path.string() + "' to its end");
  if (moved.ends_with('\n')) moved.pop_back();
  append_line(bad_path(results_folder), moved);
  write_file_atomically(path, kept);
  return bad_path(results_folder);
}

CellRecord whole(const CellRecord& excerpt) {
  if (!excerpt.line.file) return excerpt;
  const std::string origin = fmt::format("{}:{}", excerpt.line.file->string(), excerpt.line.number);
  std::string text(excerpt.line.size, ' ');
  std::ifstream in(*excerpt.line.file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(excerpt.line.offset));
  const bool is_there =
      static_cast<bool>(in.read(text.data(), static_cast<std::streamsize>(text.size())));
  const Excerpt everything;
  auto record = is_there ? QuickReader(everything).read(text) : std::nullopt;
  if (is_there && !record) record = parse_record(text, origin);
  if (!record || record->id != excerpt.id || record->repetition != excerpt.repetition) {
    throw Error("{}: the results changed while they were read; try again", origin);
  }
  record->disposition = excerpt.disposition;
  record->message = excerpt.message;
  record->axes = excerpt.axes;
  return std::move(*record);
}

}  // namespace moebench::record
