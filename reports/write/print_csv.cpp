#include <algorithm>

#include "reports/write/csv_row.h"
#include "reports/write/printers.h"
#include "reports/write/sections.h"

namespace moebench::reports {
namespace {

using Fields = std::vector<std::string>;

std::string as_it_stands(const std::string& words) { return words; }

// Numbers are no words, whatever sign they have.
std::string harmless(const std::string& words) {
  const bool is_formula =
      !words.empty() && std::string_view("=+-@\t\r").find(words.front()) != std::string_view::npos;
  return is_formula ? "'" + words : words;
}

using WordsToField = std::string (*)(const std::string& words);

std::string field_of(const Entry& entry, WordsToField field_of_words) {
  struct {
    WordsToField field_of_words;
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(double number) const { return format_exact(number); }
    std::string operator()(const std::string& words) const { return field_of_words(words); }
    std::string operator()(record::Disposition disposition) const { return to_string(disposition); }
  } const text_of{field_of_words};
  return std::visit(text_of, entry.value);
}

// "mem_peak (bytes)", one a column.
Fields header_of(const Table& table) {
  Fields header = keys_of(table);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string unit = table[i].style.unit;
    if (!unit.empty() && unit != "1" && unit != header[i]) header[i] += " (" + unit + ")";
  }
  return header;
}

std::size_t place_in(Fields& columns, const std::string& name) {
  const auto found = std::ranges::find(columns, name);
  if (found == columns.end()) columns.push_back(name);
  return static_cast<std::size_t>(std::ranges::find(columns, name) - columns.begin());
}

std::string heading_text(const Fields& headings) {
  std::string text;
  for (const std::string& heading : headings) text += (text.empty() ? "" : " / ") + heading;
  return text;
}

class Rows {
 public:
  Rows(bool has_sections, WordsToField field_of_words)
      : has_sections_(has_sections), field_of_words_(field_of_words) {
    if (has_sections) columns_ = {"section"};
  }

  void add(const std::string& section, const Table& table) {
    std::vector<std::size_t> places;
    for (const std::string& name : header_of(table)) {
      places.push_back(place_in(columns_, field_of_words_(name)));
    }
    for (std::size_t row = 0; row < num_rows(table); ++row) {
      Fields fields(columns_.size());
      if (has_sections_) fields[0] = field_of_words_(section);
      for (std::size_t i = 0; i < table.size(); ++i) {
        fields[places[i]] = field_of(table[i].entries[row], field_of_words_);
      }
      rows_.push_back(std::move(fields));
    }
  }

  std::string text() {
    std::string text;
    add_csv_row(columns_, text);
    for (Fields& row : rows_) {
      row.resize(columns_.size());
      add_csv_row(row, text);
    }
    return text;
  }

 private:
  bool has_sections_;
  WordsToField field_of_words_;
  Fields columns_;
  std::vector<Fields> rows_;
};

std::string print_rows(const Document& document, Rows rows) {
  HeadingPath path;
  for (const Block& block : document) {
    if (const auto* heading = std::get_if<Heading>(&block)) path.enter(*heading);
    if (const auto* table = std::get_if<Table>(&block)) {
      rows.add(heading_text(path.texts()), *table);
    }
  }
  return rows.text();
}

}  // namespace

std::string print_csv(const Document& document, const PrintOptions&) {
  return print_rows(document, {true, as_it_stands});
}

std::string print_csv_wide(const Document& document, const PrintOptions&) {
  const auto num_tables = std::ranges::count_if(
      document, [](const Block& block) { return std::holds_alternative<Table>(block); });
  return print_rows(document, {num_tables > 1, harmless});
}

}  // namespace moebench::reports
