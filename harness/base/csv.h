#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moebench {

// A row of a CSV file may hold this many bytes; more is a missing quote, not a use.
inline constexpr std::size_t kMaxCsvRowBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxCsvBytes = std::size_t{1} << 28;

struct CsvRow {
  int line = 0;  // of the file, from 1, on which it begins
  std::vector<std::string> fields;
};

// A CSV text whose first row names the columns.
class CsvTable {
 public:
  // Takes a UTF-8 byte order mark, any kind of line ends, and quoted fields with separators, quotes
  // and line breaks in them; blank lines count for nothing. A column without a name, as pandas
  // writes its index, is "column <n>". Errors begin with `name` and the line on which the row
  // begins: where a quote is out of place or never closed, a row has more or fewer fields than the
  // header, a column is there twice, a row is longer than kMaxCsvRowBytes, or the text holds a NUL
  // or is no UTF-8.
  CsvTable(std::string_view text, std::string name);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& header() const { return header_; }
  const std::vector<CsvRow>& rows() const { return rows_; }
  bool has(std::string_view column) const;
  // "" where there is no such column.
  const std::string& field(const CsvRow& row, std::string_view column) const;
  // "raw.csv:12"
  std::string place(const CsvRow& row) const;

 private:
  void take_header(CsvRow row);
  void check_size(const CsvRow& row) const;

  std::string name_;
  std::vector<std::string> header_;
  std::vector<CsvRow> rows_;
};

CsvTable read_csv(const std::filesystem::path& path);

}  // namespace moebench
