#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>

#include "harness/base/check.h"
#include "harness/base/printable.h"
#include "reports/write/plain_text.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

constexpr std::size_t kMinWidth = 3;  // of the rule below a title

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// Underscores within a word are no emphasis.
bool is_within_word(const std::string& text, std::size_t place) {
  const std::size_t before = text.find_last_not_of('_', place);
  const std::size_t after = text.find_first_not_of('_', place);
  return before != std::string::npos && after != std::string::npos && is_word(text[before]) &&
         is_word(text[after]);
}

// A bracket is one of a link only before these; no text defines what "[a]" could mean.
bool closes_link(const std::string& text, std::size_t place) {
  return place + 1 < text.size() &&
         std::string_view("([:").find(text[place + 1]) != std::string::npos;
}

bool is_mark(const std::string& text, std::size_t place) {
  switch (text[place]) {
    case '\\':
    case '`':
    case '*':
    case '~':
    case '|':
    case '$':
      return true;
    case '_':
      return !is_within_word(text, place);
    case '[':  // of a footnote
      return text.compare(place, 2, "[^") == 0;
    case ']':
      return closes_link(text, place);
    case ':':  // addresses become links, in which nothing can be escaped
      return text.compare(place, 3, "://") == 0;
    case '.':
      return place >= 3 && text.compare(place - 3, 3, "www") == 0;
    default:
      return false;
  }
}

// Text as it stands, whatever marks GitHub's markdown sees in it. Within a line; blanks at its ends
// count for nothing.
std::string escaped(const std::string& text) {
  std::string safe = markup_text(text);
  safe.erase(safe.find_last_not_of(' ') + 1);
  safe.erase(0, safe.find_first_not_of(' '));
  std::string out;
  for (std::size_t i = 0; i < safe.size(); ++i) {
    if (is_mark(safe, i)) out += '\\';
    out += safe[i];
  }
  return out;
}

// Escapes the first text of a line, where blanks, "#", "- ", "1. " and others begin a block, and
// "::" and "##[" a command of GitHub's.
std::string escaped_line(const std::string& text) {
  std::string line = escaped(text);
  const std::size_t digits = line.find_first_not_of("0123456789");
  if (digits == std::string::npos || digits == line.size()) return line;
  const bool ends_word = digits + 1 == line.size() || line[digits + 1] == ' ';
  const bool begins_block = digits == 0
                                ? std::string_view("#-+=:[").find(line[0]) != std::string_view::npos
                                : ends_word && (line[digits] == '.' || line[digits] == ')');
  if (begins_block) line.insert(digits, 1, '\\');
  return line;
}

// "#" at the end, behind a blank, would belong to the marks of the heading.
std::string escaped_heading(const std::string& text) {
  std::string line = escaped_line(text);
  const std::size_t last = line.find_last_not_of('#');
  const bool ends_marks = line.ends_with('#') && last != std::string::npos && line[last] == ' ';
  if (ends_marks) line.insert(line.size() - 1, 1, '\\');
  return line;
}

// Line breaks count.
std::string escaped_lines(std::string_view text) {
  text = text.substr(0, text.find_last_not_of(" \n\r\t") + 1);
  std::string out;
  for (const std::string& line : lines_of(text)) {
    out += (out.empty() ? "" : "\\\n") + escaped_line(line);
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

class MarkdownPrinter {
 public:
  void print(const Heading& heading) {
    end_folded(heading.level);
    if (heading.is_folded) {
      folded_level_ = heading.level;
      add(fmt::format("<details>\n<summary>{}</summary>\n", markup_text(heading.text)));
    } else {
      const std::string marks(static_cast<std::size_t>(heading.level), '#');
      add(marks + " " + escaped_heading(heading.text) + "\n");
    }
  }

  void print(const Paragraph& paragraph) {
    const char* mark = paragraph.is_strong ? "**" : "";
    add(mark + escaped_lines(paragraph.text) + mark + "\n");
  }

  void print(const List& list) {
    std::string text;
    for (const ListItem& item : list.items) {
      text += fmt::format("{:{}}- {}\n", "", 2 * item.depth, escaped_line(item.text));
    }
    add(text);
  }

  void print(const Figure&) {}

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
  MarkdownPrinter printer;
  for (const Block& block : document) {
    std::visit([&](const auto& part) { printer.print(part); }, block);
  }
  return printer.text();
}

}  // namespace moebench::reports
