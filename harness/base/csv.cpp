#include "harness/base/csv.h"

#include <csv.h>

#include <algorithm>
#include <set>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/printable.h"
#include "harness/base/words.h"

namespace moebench {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// libcsv tells no lines: it is handed one line of the text at a time.
class Parser {
 public:
  explicit Parser(const std::string& name) : name_(name) {
    if (::csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) {
      throw Error("{}: no memory to read it", name_);
    }
  }
  ~Parser() { ::csv_free(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  std::vector<CsvRow> read(std::string_view text) {
    while (!text.empty()) {
      const std::string_view line = text.substr(0, size_of_line(text));
      text.remove_prefix(line.size());
      ++line_;
      if (row_bytes_ == 0 && trimmed(line).empty()) continue;
      if (row_bytes_ == 0) row_line_ = line_;
      row_bytes_ += line.size();
      check(line);
      if (::csv_parse(&parser_, line.data(), line.size(), on_field, on_row, this) != line.size()) {
        fail();
      }
    }
    if (::csv_fini(&parser_, on_field, on_row, this) != 0) fail();
    return std::move(rows_);
  }

 private:
  // With its line end: "\n", "\r\n" or "\r".
  static std::size_t size_of_line(std::string_view text) {
    const std::size_t end = text.find_first_of("\r\n");
    if (end == std::string_view::npos) return text.size();
    return end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
  }

  static void on_field(void* field, std::size_t size, void* self) {
    const char* text = static_cast<const char*>(field);
    static_cast<Parser*>(self)->open_.emplace_back(text == nullptr ? "" : text, size);
  }

  static void on_row(int, void* data) {
    auto& self = *static_cast<Parser*>(data);
    self.rows_.push_back({self.row_line_, std::move(self.open_)});
    self.open_.clear();
    self.row_bytes_ = 0;
  }

  void check(std::string_view line) const {
    if (row_bytes_ > kMaxCsvRowBytes) {
      throw Error(
          "{}:{}: the row is longer than {} bytes; where a quote is missing, close it, else make "
          "the row shorter",
          name_, row_line_, kMaxCsvRowBytes);
    }
    if (line.find('\0') != std::string_view::npos) {
      throw Error("{}:{}: has a NUL byte, as text in UTF-16 has; save it as UTF-8", name_, line_);
    }
    if (!is_utf8(line)) {
      throw Error("{}:{}: has a byte that is not UTF-8; save the file as UTF-8", name_, line_);
    }
  }

  [[noreturn]] void fail() {
    if (::csv_error(&parser_) == CSV_EPARSE) {
      throw Error(
          "{}:{}: a quote is out of place or never closed; quote a field as a whole, and write a "
          "quote in it twice",
          name_, row_line_);
    }
    throw Error("{}:{}: cannot be read ({})", name_, row_line_,
                ::csv_strerror(::csv_error(&parser_)));
  }

  const std::string& name_;
  csv_parser parser_{};
  int line_ = 0;
  int row_line_ = 1;
  std::size_t row_bytes_ = 0;  // of the row that is open
  std::vector<std::string> open_;
  std::vector<CsvRow> rows_;
};

const std::string kEmpty;

}  // namespace

CsvTable::CsvTable(std::string_view text, std::string name) : name_(std::move(name)) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    throw Error("{}:1: is UTF-16; save it as UTF-8", name_);
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<CsvRow> rows = Parser(name_).read(text);
  if (rows.empty()) {
    throw Error("{}: has no row; the first one names the columns", name_);
  }
  take_header(std::move(rows.front()));
  rows.erase(rows.begin());
  for (const CsvRow& row : rows) check_size(row);
  rows_ = std::move(rows);
}

void CsvTable::take_header(CsvRow row) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < row.fields.size(); ++i) {
    std::string& column = row.fields[i];
    if (column.empty()) column = fmt::format("column {}", i + 1);
    if (!seen.insert(column).second) {
      throw Error("{}:{}: column '{}' is there twice; rename or remove one", name_, row.line,
                  shortened(column));
    }
  }
  header_ = std::move(row.fields);
}

void CsvTable::check_size(const CsvRow& row) const {
  if (row.fields.size() == header_.size()) return;
  throw Error(
      "{}: has {} fields, the header names {} columns; look for a separator too many or too few, "
      "or a quote that is missing",
      place(row), row.fields.size(), header_.size());
}

bool CsvTable::has(std::string_view column) const {
  return std::ranges::find(header_, column) != header_.end();
}

const std::string& CsvTable::field(const CsvRow& row, std::string_view column) const {
  const auto found = std::ranges::find(header_, column);
  if (found == header_.end()) return kEmpty;
  return row.fields[static_cast<std::size_t>(found - header_.begin())];
}

std::string CsvTable::place(const CsvRow& row) const {
  return fmt::format("{}:{}", name_, row.line);
}

CsvTable read_csv(const std::filesystem::path& path) {
  return {read_file(path, kMaxCsvBytes), path.string()};
}

}  // namespace moebench
