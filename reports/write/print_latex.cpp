#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "harness/base/printable.h"
#include "reports/write/latex_text.h"
#include "reports/write/plain_text.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

// Characters that a line of \footnotesize holds in a text of usual width, and the gap of columns.
constexpr std::size_t kWidth = 96;
constexpr std::size_t kGap = 2;
constexpr std::size_t kLongestWords = 48;  // of a cell, before its column becomes one of lines

bool is_number(const Entry& entry) { return std::holds_alternative<double>(entry.value); }

// Numbers stand with their points below each other, which takes two columns: "54" and ".8".
bool is_aligned_at_points(const Column& column) {
  return column.align == Align::kRight && std::ranges::any_of(column.entries, is_number);
}

std::size_t width_of(const Column& column) {
  std::size_t width = text_width(column.heading());
  for (const Entry& entry : column.entries) {
    width = std::max(width, std::min(text_width(entry.text), kLongestWords));
  }
  return width + kGap;
}

bool has_long_words(const Column& column) {
  return column.align == Align::kLeft && std::ranges::any_of(column.entries, [](const Entry& e) {
           return text_width(e.text) > kLongestWords;
         });
}

// "-17.0 %" -> "$-$17" and ".0 \%".
std::string number_cells(const std::string& text) {
  const std::size_t point = text.find('.');
  std::string whole = text.substr(0, point), rest = text.substr(std::min(point, text.size()));
  if (point == std::string::npos) {
    const std::size_t digits = whole.find_first_not_of("+-0123456789");
    rest = digits == std::string::npos ? "" : whole.substr(digits);
    whole.resize(whole.size() - rest.size());
  }
  const bool is_negative = whole.starts_with("-");
  return (is_negative ? "$-$" + latex_text(whole.substr(1)) : latex_text(whole)) + " & " +
         latex_text(rest);
}

std::string cell_of(const Column& column, std::size_t row) {
  const Entry& entry = column.entries[row];
  if (!is_aligned_at_points(column)) return latex_text(entry.text);
  // "reference" stands for a number that it is one of.
  const bool is_digits = is_number(entry) && entry.text.find_first_of("0123456789") <= 1;
  return is_digits ? number_cells(entry.text)
                   : "\\multicolumn{2}{r}{" + latex_text(entry.text) + "}";
}

std::string heading_of(const Column& column) {
  const std::string text = latex_text(column.heading());
  return is_aligned_at_points(column) ? "\\multicolumn{2}{r}{" + text + "}" : text;
}

const char* alignment_of(const Column& column) {
  if (is_aligned_at_points(column)) return "r@{}l";
  if (has_long_words(column)) return "p{0.4\\linewidth}";
  return column.align == Align::kRight ? "r" : "l";
}

using Part = std::vector<const Column*>;

std::size_t width_of(const Part& part) {
  std::size_t width = 0;
  for (const Column* column : part) width += width_of(*column);
  return width;
}

// The table where it fits, else parts that do, each with all keys. One value at least.
std::vector<Part> parts_of(const Table& table) {
  Part whole, keys, values;
  for (const Column& column : table) {
    whole.push_back(&column);
    (column.is_key ? keys : values).push_back(&column);
  }
  if (values.empty() || width_of(whole) <= kWidth) return {whole};
  std::vector<Part> parts;
  for (const Column* value : values) {
    if (parts.empty() || width_of(parts.back()) + width_of(*value) > kWidth) parts.push_back(keys);
    parts.back().push_back(value);
  }
  return parts;
}

template <typename TextOf>
std::string row_of(const Part& part, const TextOf& text_of) {
  std::string row;
  for (const Column* column : part) row += (row.empty() ? "" : " & ") + text_of(*column);
  return row + " \\\\\n";
}

std::string tabular(const Part& part, std::size_t num_rows) {
  std::string columns;
  for (const Column* column : part) columns += alignment_of(*column);
  std::string text = "\\begin{center}\n\\footnotesize\\setlength{\\tabcolsep}{4pt}%\n";
  text += "\\begin{tabular}{@{}" + columns + "@{}}\n\\toprule\n";
  text += row_of(part, heading_of) + "\\midrule\n";
  for (std::size_t row = 0; row < num_rows; ++row) {
    text += row_of(part, [&](const Column& column) { return cell_of(column, row); });
  }
  return text + "\\bottomrule\n\\end{tabular}\n\\end{center}\n";
}

class LatexPrinter {
 public:
  void print(const Heading& heading) {
    constexpr std::array kCommands = {"section", "subsection", "subsubsection"};
    const auto level = static_cast<std::size_t>(std::clamp(heading.level - 1, 0, 2));
    add(std::string("\\") + kCommands[level] + "*{" + latex_text(heading.text) + "}\n");
  }

  void print(const Paragraph& paragraph) {
    std::string text;
    for (const std::string& line : lines_of(paragraph.text)) {
      text += (text.empty() ? "" : " \\\\\n") + latex_text(line);
    }
    add((paragraph.is_strong ? "\\textbf{" + text + "}" : text) + "\n");
  }

  // LaTeX has four depths of lists.
  void print(const List& list) {
    std::string text;
    int depth = -1;
    const auto go_to = [&](int wanted) {
      for (; depth < wanted; ++depth) text += "\\begin{itemize}\n";
      for (; depth > wanted; --depth) text += "\\end{itemize}\n";
    };
    for (const ListItem& item : list.items) {
      go_to(std::clamp(item.depth, 0, std::min(depth + 1, 3)));
      text += "\\item " + latex_text(item.text) + "\n";
    }
    go_to(-1);
    add(text);
  }

  void print(const Figure&) {}

  void print(const Table& table) {
    if (table.empty()) return;
    for (const Part& part : parts_of(table)) add(tabular(part, num_rows(table)));
  }

  std::string text() { return std::move(text_); }

 private:
  void add(const std::string& block) { text_ += "\n" + block; }

  std::string text_ = "% Goes into a document that has \\usepackage{booktabs}.\n";
};

}  // namespace

std::string print_latex(const Document& document, const PrintOptions&) {
  LatexPrinter printer;
  for (const Block& block : document) {
    std::visit([&](const auto& part) { printer.print(part); }, block);
  }
  return printer.text();
}

}  // namespace moebench::reports
