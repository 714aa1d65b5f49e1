#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/printable.h"
#include "reports/page/assets.h"
#include "reports/write/format_value.h"
#include "reports/write/plain_text.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

constexpr int kDeepestHeading = 6;  // that HTML has

// What the page may load: nothing but itself.
constexpr const char* kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

// Text of an element, in which line breaks count.
std::string text_lines(std::string_view text) {
  std::string out;
  for (const std::string& line : lines_of(text))
    out += (out.empty() ? "" : "\n") + markup_text(line);
  return out;
}

std::string attribute(std::string_view text) {
  std::string out;
  for (const char c : markup_text(text)) out += c == '"' ? "&quot;" : std::string(1, c);
  return out;
}

// JSON as the content of a script element: "<" stands within strings alone, where it may be written
// so that neither an end tag nor a comment begins.
std::string script_json(const std::string& json) {
  std::string out;
  for (const char c : json) out += c == '<' ? "\\u003c" : std::string(1, c);
  return out;
}

const char* class_of(const Column& column) {
  return column.align == Align::kLeft ? " class=\"words\"" : "";
}

// Scripts read numbers in base units.
std::string value_of(const Entry& entry) {
  const double* number = std::get_if<double>(&entry.value);
  if (number == nullptr || !std::isfinite(*number)) return "";
  return fmt::format(" data-value=\"{}\"", format_exact(*number));
}

std::string table_html(const Table& table) {
  // Wide tables scroll, by keys as well.
  std::string html = "<div class=\"table\" tabindex=\"0\"><table>\n<thead><tr>";
  for (const Column& column : table) {
    html +=
        fmt::format("<th scope=\"col\"{}>{}</th>", class_of(column), markup_text(column.heading()));
  }
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < num_rows(table); ++row) {
    html += "<tr>";
    for (const Column& column : table) {
      const Entry& entry = column.entries[row];
      html +=
          fmt::format("<td{}{}>{}</td>", class_of(column), value_of(entry), text_lines(entry.text));
    }
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table></div>\n";
}

// What stands above a page's blocks says what is in them.
struct Outline {
  struct Entry {
    std::string id;
    std::string text;
  };
  std::string title;
  bool has_title = false;
  bool has_figures = false;
  std::vector<Entry> contents;  // headings of level 2
};

std::string heading_id(int number) { return fmt::format("section-{}", number); }

Outline outline_of(const Document& document) {
  Outline outline;
  int num_headings = 0;
  for (const Block& block : document) {
    outline.has_figures |= std::holds_alternative<Figure>(block);
    const Heading* heading = std::get_if<Heading>(&block);
    if (heading == nullptr || heading->is_folded) continue;
    ++num_headings;
    if (heading->level == 1 || outline.title.empty()) outline.title = heading->text;
    outline.has_title |= heading->level == 1;
    if (heading->level == 2) outline.contents.push_back({heading_id(num_headings), heading->text});
  }
  return outline;
}

std::string contents_html(const std::vector<Outline::Entry>& contents) {
  if (contents.size() < 2) return "";
  std::string html = "<nav aria-label=\"Contents\"><ul>\n";
  for (const auto& [id, text] : contents) {
    html += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", id, markup_text(text));
  }
  return html + "</ul></nav>\n";
}

std::string page_head(const Outline& outline) {
  std::string head = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n"
      "<a class=\"skip\" href=\"#report\">Skip to the report</a>\n",
      kPolicy, markup_text(outline.title.empty() ? "moebench" : outline.title + " - moebench"),
      page::page_style());
  if (!outline.has_title) head += "<h1>moebench</h1>\n";
  return head + contents_html(outline.contents) + "<main id=\"report\">\n";
}

// The library's licence asks for its text wherever the library goes.
std::string scripts() {
  return fmt::format(
      "<footer><details><summary>Pictures by Apache ECharts 6.1.0: its licence</summary>\n"
      "<pre>{}\n\n{}</pre></details></footer>\n"
      "<script>{}</script>\n<script>\n{}</script>\n<script>\n{}</script>\n",
      text_lines(page::echarts_notice()), text_lines(page::echarts_license()),
      page::echarts_script(), page::figures_script(), page::page_script());
}

// Blocks, one behind the other.
class Blocks {
 public:
  explicit Blocks(const Write& write) : write_(write) {}

  void print(const Heading& heading) {
    end_lists();
    end_folded(heading.level);
    if (heading.is_folded) {
      folded_.push_back(heading.level);
      write_(fmt::format("<details class=\"section\"><summary>{}</summary>\n",
                         markup_text(heading.text)));
      return;
    }
    const int level = std::min(heading.level, kDeepestHeading);
    write_(fmt::format("<h{0} id=\"{1}\">{2}</h{0}>\n", level, heading_id(++num_headings_),
                       markup_text(heading.text)));
  }

  void print(const Paragraph& paragraph) {
    const char* mark = paragraph.is_strong ? "strong" : "span";
    write_(fmt::format("<p><{0}>{1}</{0}></p>\n", mark, text_lines(paragraph.text)));
  }

  void print(const List& list) {
    for (const ListItem& item : list.items) {
      while (depth_ > item.depth + 1) end_list();
      if (depth_ == item.depth + 1) write_("</li>\n");
      for (; depth_ < item.depth + 1; ++depth_) write_("<ul>");
      write_(fmt::format("<li>{}", text_lines(item.text)));
    }
    end_lists();
  }

  void print(const Table& table) {
    if (!table.empty()) write_(table_html(table));
  }

  void print(const Figure& figure) {
    write_(fmt::format(
        "<figure data-kind=\"{}\" data-name=\"{}\" tabindex=\"0\">\n<figcaption>{}</figcaption>\n"
        "<div class=\"picture\" role=\"img\" aria-label=\"{}\"></div>\n"
        "<script type=\"application/json\">{}</script>\n"
        "<details><summary>Numbers</summary>\n{}</details>\n</figure>\n",
        attribute(figure.kind), attribute(figure.name), markup_text(figure.title),
        attribute(figure.title), script_json(figure.data), table_html(figure.numbers)));
  }

  void end() { end_folded(0); }

 private:
  void end_list() {
    write_("</li></ul>\n");
    --depth_;
  }
  void end_lists() {
    while (depth_ > 0) end_list();
  }

  void end_folded(int level) {
    for (; !folded_.empty() && level <= folded_.back(); folded_.pop_back()) {
      write_("</details>\n");
    }
  }

  const Write& write_;
  int num_headings_ = 0;
  int depth_ = 0;            // of the open lists
  std::vector<int> folded_;  // levels of the open ones
};

}  // namespace

void print_html_pieces(const Document& document, const Write& write) {
  const Outline outline = outline_of(document);
  write(page_head(outline));
  Blocks blocks(write);
  for (const Block& block : document) {
    std::visit([&](const auto& part) { blocks.print(part); }, block);
  }
  blocks.end();
  write("</main>\n");
  if (outline.has_figures) write(scripts());
  write("</body>\n</html>\n");
}

std::string print_html(const Document& document, const PrintOptions&) {
  std::string html;
  print_html_pieces(document, [&](std::string_view piece) { html += piece; });
  return html;
}

}  // namespace moebench::reports
