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
#include "harness/base/words.h"
#include "harness/record/json_reader.h"
#include "harness/record/quick_reader.h"

namespace moebench::record {
namespace {

namespace fs = std::filesystem;

fs::path results_path(const fs::path& folder) { return folder / "results.jsonl"; }

fs::path cell_files(const fs::path& folder) { return folder / "records"; }

// Opens the file that read_file would read, and throws its errors.
std::ifstream open_to_read(const std::filesystem::path& path) {
  std::ifstream in;
  if (std::filesystem::is_regular_file(path)) in.open(path, std::ios::binary);
  if (!in.is_open()) read_file(path, 0);
  return in;
}

fs::path bad_path(const fs::path& file) { return file.string() + ".bad"; }

bool is_whole_json(std::string_view text) { return nlohmann::json::accept(text); }

bool ends_without_newline(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return in.seekg(-1, std::ios::end) && in.peek() != '\n';
}

// A crash may have cut the last line short: the part is moved to the file's .bad, a whole line gets
// its newline.
void mend_last_line(const std::filesystem::path& path) {
  if (!ends_without_newline(path)) return;
  const std::string content = read_file(path);
  const std::size_t newline = content.rfind('\n');
  const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
  if (is_whole_json(std::string_view(content).substr(start))) {
    append_line(path, "");
    return;
  }
  append_line(bad_path(path), std::string_view(content).substr(start));
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
                                     const Line& line, std::vector<BadLine>& bad) {
  try {
    return parse_record(text, origin,
                        "the line is left out, and moebench run makes its repetition again");
  } catch (const OtherSchema&) {
    throw;
  } catch (const Error& error) {
    bad.push_back({*line.file, line.number, error.what()});
    return std::nullopt;
  }
}

void warn_of(const std::vector<BadLine>& bad) {
  for (const std::string& warning : warnings_of(bad)) std::cerr << "warning: " << warning << '\n';
}

// A record, and where it stands: "results.jsonl:3".
using Found = std::pair<CellRecord, std::string>;

// Reads files of records, and keeps what the caller wants of them.
class Reader {
 public:
  // `excerpt` null: all is kept.
  Reader(Duplicates duplicates, const Excerpt* excerpt, std::vector<BadLine>& bad)
      : duplicates_(duplicates),
        is_excerpt_(excerpt != nullptr),
        quick_(is_excerpt_ ? *excerpt : everything_),
        bad_(bad) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Reads line by line: the file as a whole may not fit in memory.
  void read(const fs::path& path, const std::function<void(Found)>& take) {
    std::ifstream in = open_to_read(path);
    std::string text;
    Line line{.file = std::make_shared<const fs::path>(path)};
    for (; std::getline(in, text); line.offset += line.size + 1) {
      line.size = text.size();
      ++line.number;
      if (trimmed(text).empty()) continue;  // as an editor, or two files joined, leave it
      std::string origin = fmt::format("{}:{}", path.string(), line.number);
      auto record = read_line(text, origin, line, in.eof());
      if (record) take({std::move(*record), std::move(origin)});
    }
    if (in.bad()) throw SystemError("cannot read '" + path.string() + "' to its end");
  }

 private:
  std::optional<CellRecord> read_line(const std::string& text, const std::string& origin,
                                      const Line& line, bool is_last) {
    auto record = quick_.read(text);
    if (!record && is_last && !is_whole_json(text)) {
      std::cerr << "warning: " << origin
                << ": the last line was cut short and is left out; its repetition will run again\n";
      return std::nullopt;
    }
    if (!record) {
      // Where each record counts nothing may be left out.
      record = duplicates_ == Duplicates::kRefuse ? parse_record(text, origin)
                                                  : parse_line(text, origin, line, bad_);
      if (!record) return std::nullopt;
      if (is_excerpt_) quick_.cut(*record);
    }
    if (is_excerpt_) record->line = line;
    return record;
  }

  Duplicates duplicates_;
  bool is_excerpt_;
  const Excerpt everything_{};
  QuickReader quick_;
  std::vector<BadLine>& bad_;
};

// The cells with files of their own, as they began.
std::vector<std::vector<Found>> read_cell_files(const std::vector<fs::path>& files,
                                                Reader& reader) {
  std::vector<std::vector<Found>> cells;
  for (const fs::path& file : files) {
    std::vector<Found> found;
    reader.read(file, [&](Found record) { found.push_back(std::move(record)); });
    if (!found.empty()) cells.push_back(std::move(found));
  }
  std::ranges::stable_sort(cells, {}, [](const std::vector<Found>& found) -> const std::string& {
    return found.front().first.started_at;
  });
  return cells;
}

// `excerpt` null: all is kept.
std::vector<CellRecord> load_files(const fs::path& results, Duplicates duplicates,
                                   const Excerpt* excerpt, std::vector<BadLine>& bad) {
  Reader reader(duplicates, excerpt, bad);
  RecordList list(duplicates);
  const auto add = [&](Found found) { list.add(std::move(found.first), found.second); };
  std::vector<fs::path> files =
      fs::is_regular_file(results) ? std::vector{results} : result_files(results);
  if (!files.empty() && files.front().parent_path() != cell_files(results)) {
    reader.read(files.front(), add);
    files.erase(files.begin());
  }
  for (std::vector<Found>& cell : read_cell_files(files, reader)) {
    for (Found& found : cell) add(std::move(found));
  }
  return list.take();
}

void append_to(const fs::path& path, const CellRecord& record) {
  mend_last_line(path);
  append_line(path, to_json_line(record));
}

// Moves the lines of these numbers, from 1.
fs::path set_aside(const fs::path& path, const std::set<std::uint64_t>& numbers) {
  std::ifstream in = open_to_read(path);
  std::string kept, moved, text;
  for (std::uint64_t number = 1; std::getline(in, text); ++number) {
    const bool is_bad = numbers.contains(number);
    (is_bad ? moved : kept) += text + (in.eof() && !is_bad ? "" : "\n");
  }
  if (in.bad()) throw SystemError("cannot read '" + path.string() + "' to its end");
  if (moved.ends_with('\n')) moved.pop_back();
  append_line(bad_path(path), moved);
  write_file_atomically(path, kept);
  return bad_path(path);
}

// A folder of that name counts too: reading it says what is wrong.
bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

}  // namespace

std::vector<fs::path> result_files(const fs::path& results_folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(cell_files(results_folder), none)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  const fs::path results = results_path(results_folder);
  if (is_there(results)) files.insert(files.begin(), results);
  return files;
}

bool has_results(const fs::path& results_folder) { return !result_files(results_folder).empty(); }

void remove_results(const fs::path& results_folder) {
  std::error_code error;
  fs::remove_all(cell_files(results_folder), error);
  if (!error) fs::remove(results_path(results_folder), error);
  if (!error) return;
  throw_errno(error.value(), "cannot remove the results in '" + results_folder.string() + "'");
}

fs::path cell_file(const fs::path& results_folder, const std::string& id) {
  return cell_files(results_folder) / (id + ".jsonl");
}

void append(const fs::path& results_folder, const CellRecord& record) {
  const fs::path own = cell_file(results_folder, record.id);
  append_to(is_there(own) ? own : results_path(results_folder), record);
}

void append_apart(const fs::path& results_folder, const CellRecord& record) {
  const fs::path own = cell_file(results_folder, record.id);
  std::error_code error;
  fs::create_directories(own.parent_path(), error);
  if (error) {
    throw_errno(error.value(), "cannot make the folder '" + own.parent_path().string() + "'");
  }
  append_to(own, record);
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
  return load_files(results_folder, duplicates, nullptr, bad);
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
  return load_files(results_folder, Duplicates::kLaterCounts, &excerpt, bad);
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

std::vector<fs::path> set_aside(const std::vector<BadLine>& bad) {
  std::map<fs::path, std::set<std::uint64_t>> numbers;
  for (const BadLine& line : bad) numbers[line.file].insert(line.number);
  std::vector<fs::path> places;
  for (const auto& [file, of_file] : numbers) places.push_back(set_aside(file, of_file));
  return places;
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
