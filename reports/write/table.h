#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/record/record.h"
#include "reports/write/number_style.h"

namespace moebench::reports {

// How an entry stands out where the format has colours.
enum class Tone { kUsual, kGood, kBad, kDim };

// Holds what stands at one place of a table: a value for programs, and the text that people read.
struct Entry {
  // monostate: not measured, or not stated. Numbers are in the base unit of their column.
  using Value = std::variant<std::monostate, double, std::string, record::Disposition>;
  Value value;
  std::string text;
  Tone tone = Tone::kUsual;

  Entry();
  // A number without a text gets that of its column's style.
  Entry(double number);
  Entry(const std::optional<double>& number);
  Entry(const std::optional<double>& number, std::string printed);
  Entry(std::string words);
  Entry(const char* words);
  Entry(record::Disposition disposition, std::string printed);

  bool is_missing() const { return std::holds_alternative<std::monostate>(value); }
};

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kRight;
  bool is_key = false;  // says what its row is about: repeated where a table is cut in parts
  NumberStyle style = {};
  std::string name = {};            // for programs; empty: the title
  std::vector<Entry> entries = {};  // one a row; all columns of a table have the same number

  void add(Entry entry);
  // "mem_peak (GB)"
  std::string heading() const;
  const std::string& key() const { return name.empty() ? title : name; }
  // Tells whether any entry has a value.
  bool is_measured() const;
};

using Table = std::vector<Column>;

// Columns without entries. Keys and words stand left, numbers right.
Column key_column(std::string title);
Column words_column(std::string title);
Column number_column(std::string title, const NumberStyle& style = kPlain, std::string name = "");

// Adds one entry to each column.
void add_row(Table& table, std::vector<Entry> entries);

// Returns what programs call the columns: `key()`, with " 2" and so on where a table has it again.
std::vector<std::string> keys_of(const Table& table);

// Returns 0 without columns.
std::size_t num_rows(const Table& table);

}  // namespace moebench::reports
