#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "harness/base/check.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

constexpr std::size_t kMinWidth = 3;  // of the rule below a title

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

// A cell of a table.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : one_line(text)) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::string space(width - text_width(text), ' ');
  return align == Align::kRight ? space + text : text + space;
}

std::string rule(std::size_t width, Align align) {
  return align == Align::kRight ? std::string(width - 1, '-') + ":" : std::string(width, '-');
}

void add_column(const Column& column, std::vector<std::string>& lines) {
  std::vector<std::string> texts = {escaped(column.heading())};
  for (const Entry& entry : column.entries) texts.push_back(escaped(entry.text));
  std::size_t width = kMinWidth;
  for (const std::string& text : texts) width = std::max(width, text_width(text));
  texts.insert(texts.begin() + 1, rule(width, column.align));
  MOEBENCH_CHECK(texts.size() == lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i] += " " + padded(texts[i], width, column.align) + " |";
  }
}

class Printer {
 public:
  void print(const Heading& heading) {
    end_folded(heading.level);
    if (heading.is_folded) {
      folded_level_ = heading.level;
      add(fmt::format("<details>\n<summary>{}</summary>\n", one_line(heading.text)));
    } else {
      const std::string marks(static_cast<std::size_t>(heading.level), '#');
      add(marks + " " + one_line(heading.text) + "\n");
    }
  }

  void print(const Paragraph& paragraph) {
    const char* mark = paragraph.is_strong ? "**" : "";
    add(mark + paragraph.text + mark + "\n");
  }

  void print(const List& list) {
    std::string text;
    for (const ListItem& item : list.items) {
      text += fmt::format("{:{}}- {}\n", "", 2 * item.depth, one_line(item.text));
    }
    add(text);
  }

  void print(const Table& table) {
    if (table.empty()) return;
    std::vector<std::string> lines(num_rows(table) + 2, "|");
    for (const Column& column : table) add_column(column, lines);
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    add(text);
  }

  std::string text() {
    end_folded(0);
    return std::move(text_);
  }

 private:
  void add(const std::string& block) { text_ += (text_.empty() ? "" : "\n") + block; }

  void end_folded(int level) {
    if (!folded_level_ || level > *folded_level_) return;
    add("</details>\n");
    folded_level_.reset();
  }

  std::string text_;
  std::optional<int> folded_level_;
};

}  // namespace

std::string print_markdown(const Document& document, const PrintOptions&) {
  Printer printer;
  for (const Block& block : document) {
    std::visit([&](const auto& part) { printer.print(part); }, block);
  }
  return printer.text();
}

}  // namespace moebench::reports
