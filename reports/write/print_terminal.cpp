#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "harness/base/printable.h"
#include "reports/write/plain_text.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kColumnGap = 2;  // between columns
constexpr std::size_t kMaxWords = 32;  // width of a left column in a table that does not fit
constexpr std::size_t kMinWords = 6;
constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);

// A column as text: the heading, then a cell a row.
struct TextColumn {
  explicit TextColumn(const Column& column) : align(column.align), is_key(column.is_key) {
    cells.push_back(printable(column.heading()));
    tones.push_back(Tone::kUsual);
    for (const Entry& entry : column.entries) {
      cells.push_back(printable(entry.text));
      tones.push_back(entry.tone);
    }
    std::size_t widest = 0;
    for (const std::string& cell : cells) natural = std::max(natural, text_width(cell));
    for (std::size_t i = 1; i < cells.size(); ++i) widest = std::max(widest, text_width(cells[i]));
    if (align == Align::kLeft) widest = std::min(widest, kMaxWords);
    width = std::max(widest, longest_word(cells.front()));
  }

  Align align;
  bool is_key;
  Lines cells;
  std::vector<Tone> tones;  // of the cells, the heading's first
  std::size_t natural = 0;  // the width in which no cell is wrapped
  std::size_t width = 0;    // the least, then the one that the column gets
};

using TerminalPart = std::vector<TextColumn>;

std::size_t width_of(const TerminalPart& part) {
  std::size_t width = 0;
  for (const TextColumn& column : part) width += (width == 0 ? 0 : kColumnGap) + column.width;
  return width;
}

// The rest of the line goes to the columns from the left, up to what they would like.
void widen(TerminalPart& part, std::size_t limit) {
  std::size_t left = limit - std::min(limit, width_of(part));
  for (TextColumn& column : part) {
    const std::size_t more =
        std::min(left, column.natural - std::min(column.natural, column.width));
    column.width += more;
    left -= more;
  }
}

// Takes from the widest words where not even keys and one value fit.
void narrow(TerminalPart& part, std::size_t limit) {
  while (width_of(part) > limit) {
    TextColumn* widest = nullptr;
    for (TextColumn& column : part) {
      if (column.align == Align::kRight || column.width <= kMinWords) continue;
      if (widest == nullptr || column.width > widest->width) widest = &column;
    }
    if (widest == nullptr) return;
    --widest->width;
  }
}

// The table itself where it fits, else parts that do, each with all keys. One value at least.
std::vector<TerminalPart> parts_of(const Table& table, std::size_t limit) {
  TerminalPart keys, values;
  for (const Column& column : table) (column.is_key ? keys : values).emplace_back(column);
  TerminalPart whole;
  for (const Column& column : table) whole.emplace_back(column);
  if (values.empty() || width_of(whole) <= limit) return {whole};
  std::vector<TerminalPart> parts;
  for (const TextColumn& value : values) {
    if (!parts.empty() && width_of(parts.back()) + kColumnGap + value.width <= limit) {
      parts.back().push_back(value);
      continue;
    }
    parts.push_back(keys);
    parts.back().push_back(value);
  }
  return parts;
}

std::string padded(const std::string& text, const TextColumn& column) {
  const std::string space(column.width - std::min(column.width, text_width(text)), ' ');
  return column.align == Align::kRight ? space + text : text + space;
}

// The text as it is, in the colour of its tone: green, red or faint.
std::string toned(const std::string& text, Tone tone) {
  const char* code = tone == Tone::kGood ? "32" : tone == Tone::kBad ? "31" : "2";
  return tone == Tone::kUsual || text.empty() ? text : fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

// Row 0 is that of the headings, which stand at its bottom, in bold.
std::string row_text(const TerminalPart& part, std::size_t row, bool has_colours) {
  std::vector<Lines> wrapped;
  std::size_t height = 1;
  for (const TextColumn& column : part) {
    wrapped.push_back(wrap(column.cells[row], column.width, LongWords::kCut));
    height = std::max(height, wrapped.back().size());
  }
  if (row == 0) {
    for (Lines& lines : wrapped) lines.insert(lines.begin(), height - lines.size(), "");
  }
  std::string text;
  for (std::size_t line = 0; line < height; ++line) {
    std::string joined;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const std::string cell = line < wrapped[i].size() ? wrapped[i][line] : "";
      std::string shown = padded(cell, part[i]);
      if (i + 1 == part.size()) shown.erase(shown.find_last_not_of(' ') + 1);
      if (has_colours) shown = toned(shown, part[i].tones[row]);
      joined += (i == 0 ? "" : std::string(kColumnGap, ' ')) + shown;
    }
    joined.erase(joined.find_last_not_of(' ') + 1);
    if (has_colours && row == 0) joined = "\x1b[1m" + joined + "\x1b[0m";
    text += joined + "\n";
  }
  return text;
}

class TerminalPrinter {
 public:
  explicit TerminalPrinter(const PrintOptions& options)
      : width_(options.width == 0 ? kUnlimited : options.width), options_(options) {}

  void print(const Heading& heading) {
    if (hidden_level_ && heading.level <= *hidden_level_) hidden_level_.reset();
    if (heading.is_folded && !options_.shows_folded && !hidden_level_) {
      hidden_level_ = heading.level;
      hidden_titles_.insert(heading.text);
    }
    const std::string title = printable(heading.text);
    const char* rule = heading.level <= 2 ? "=" : heading.level == 3 ? "-" : "";
    std::string text = title + "\n";
    if (*rule) text += std::string(std::min(text_width(title), width_), *rule) + "\n";
    add(text);
  }

  void print(const Paragraph& paragraph) {
    add(hanging(paragraph.is_strong ? "! " : "", 0, paragraph.text));
  }

  void print(const List& list) {
    std::string text;
    for (const ListItem& item : list.items) text += hanging("- ", 2 * item.depth, item.text);
    add(text);
  }

  void print(const Figure&) {}

  void print(const Table& table) {
    if (table.empty()) return;
    for (TerminalPart& part : parts_of(table, width_)) {
      narrow(part, width_);
      widen(part, width_);
      std::string text;
      for (std::size_t row = 0; row <= num_rows(table); ++row)
        text += row_text(part, row, options_.has_colours);
      add(text);
    }
  }

  // Ends with what was left out, and how to see it.
  std::string text() {
    hidden_level_.reset();
    if (!hidden_titles_.empty()) {
      add(hanging("", 0, fmt::format("--wide shows more: {}", fmt::join(hidden_titles_, ", "))));
    }
    return std::move(text_);
  }

 private:
  void add(const std::string& block) {
    if (!hidden_level_) text_ += (text_.empty() ? "" : "\n") + block;
  }

  // The text behind a mark, all its lines as far to the right.
  std::string hanging(const std::string& mark, int indent, const std::string& text) const {
    std::string first = std::string(static_cast<std::size_t>(indent), ' ') + mark;
    const std::string later(first.size(), ' ');
    const std::size_t room = width_ - std::min(width_ - 1, first.size());
    std::string out;
    for (const std::string& line : lines_of(text)) {
      for (const std::string& piece : wrap(printable(line), room, LongWords::kKeep)) {
        out += std::exchange(first, later) + piece + "\n";
      }
    }
    return out;
  }

  std::size_t width_;
  PrintOptions options_;
  std::string text_;
  std::optional<int> hidden_level_;  // of the folded section that is being left out
  std::set<std::string> hidden_titles_;
};

}  // namespace

std::string print_terminal(const Document& document, const PrintOptions& options) {
  TerminalPrinter printer(options);
  for (const Block& block : document) {
    std::visit([&](const auto& part) { printer.print(part); }, block);
  }
  return printer.text();
}

}  // namespace moebench::reports
