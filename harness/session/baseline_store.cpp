#include "harness/session/baseline_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/parse.h"
#include "harness/base/words.h"
#include "harness/config/limits.h"
#include "reports/compare/fingerprint.h"
#include "reports/gate/baseline.h"

namespace moebench::session {
namespace {

namespace fs = std::filesystem;

// 0 where the text is no generation's number.
int to_generation(const std::string& text) {
  return std::max(parse_number<int>(text).value_or(0), 0);
}

void check_name(const std::string& name) {
  const bool is_plain = std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  const bool has_size = !name.empty() && name.size() <= config::kMaxNameBytes;
  if (has_size && is_plain && name.front() != '.') return;
  throw Error("'{}' is no name of a baseline; use at most {} letters, digits, '-', '_' and '.'",
              shortened(name), config::kMaxNameBytes);
}

}  // namespace

fs::path BaselineStore::folder_of(const std::string& name) const {
  check_name(name);
  return folder_ / name;
}

std::vector<std::string> BaselineStore::names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    if (fs::exists(it->path() / "current")) names.push_back(it->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::vector<int> BaselineStore::generations(const std::string& name) const {
  std::vector<int> numbers;
  std::error_code error;
  for (fs::directory_iterator it(folder_of(name), error), end; !error && it != end;
       it.increment(error)) {
    const int number = to_generation(it->path().filename().string());
    if (number > 0) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

int BaselineStore::current(const std::string& name) const {
  const fs::path file = folder_of(name) / "current";
  if (!fs::exists(file)) {
    const auto known = names();
    throw NoBaseline(
        "no baseline '{}' in '{}' ({}); make one with moebench baseline save", name,
        folder_.string(),
        known.empty() ? "it holds none" : fmt::format("it holds {}", fmt::join(known, ", ")));
  }
  const int number = to_generation(read_file(file));
  if (number > 0) return number;
  throw Error("'{}' names no generation; write the number of one into it", file.string());
}

std::vector<record::CellRecord> BaselineStore::load(const std::string& name) const {
  return load(name, current(name));
}

std::vector<record::CellRecord> BaselineStore::load(const std::string& name, int generation) const {
  const fs::path folder = folder_of(name) / std::to_string(generation);
  auto records = record::load(folder);
  if (!records.empty()) return records;
  throw NoBaseline("'{}' holds no results; promote another generation of '{}'", folder.string(),
                   name);
}

int BaselineStore::save(const std::string& name,
                        const std::vector<record::CellRecord>& records) const {
  const auto fingerprint = gate::common_fingerprint(records);
  const fs::path folder = folder_of(name);
  const std::vector<int> numbers = generations(name);
  if (!numbers.empty()) {
    const auto before = gate::common_fingerprint(load(name));
    const std::string text = compare::difference(fingerprint, before);
    if (!text.empty()) {
      throw NotComparable("baseline '{}' was measured under other conditions: {}; use another name",
                          name, text);
    }
  }
  const int number = numbers.empty() ? 1 : numbers.back() + 1;
  const fs::path unfinished = folder / "unfinished";
  fs::remove_all(unfinished);
  fs::create_directories(unfinished);
  std::string lines;
  for (const auto& run : records) lines += record::to_json_line(run) + "\n";
  write_file_atomically(unfinished / "results.jsonl", lines);
  fs::rename(unfinished, folder / std::to_string(number));
  if (numbers.empty()) promote(name, number);
  return number;
}

void BaselineStore::promote(const std::string& name, int generation) const {
  load(name, generation);  // Error where there is none
  write_file_atomically(folder_of(name) / "current", std::to_string(generation));
}

void BaselineStore::remove(const std::string& name) const {
  current(name);  // Error where there is none
  fs::remove_all(folder_of(name));
}

}  // namespace moebench::session
