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

class Page {
 public:
  void print(const Heading& heading) {
    end_lists();
    end_folded(heading.level);
    if (heading.is_folded) {
      folded_.push_back(heading.level);
      html_ += fmt::format("<details class=\"section\"><summary>{}</summary>\n",
                           markup_text(heading.text));
      return;
    }
    const int level = std::min(heading.level, kDeepestHeading);
    const std::string id = fmt::format("section-{}", ++num_headings_);
    html_ += fmt::format("<h{0} id=\"{1}\">{2}</h{0}>\n", level, id, markup_text(heading.text));
    if (level == 1 || title_.empty()) title_ = heading.text;
    has_title_ |= level == 1;
    if (level == 2) contents_.push_back({id, heading.text});
  }

  void print(const Paragraph& paragraph) {
    const char* mark = paragraph.is_strong ? "strong" : "span";
    html_ += fmt::format("<p><{0}>{1}</{0}></p>\n", mark, text_lines(paragraph.text));
  }

  void print(const List& list) {
    for (const ListItem& item : list.items) {
      while (depth_ > item.depth + 1) end_list();
      if (depth_ == item.depth + 1) html_ += "</li>\n";
      for (; depth_ < item.depth + 1; ++depth_) html_ += "<ul>";
      html_ += fmt::format("<li>{}", text_lines(item.text));
    }
    end_lists();
  }

  void print(const Table& table) {
    if (!table.empty()) html_ += table_html(table);
  }

  void print(const Figure& figure) {
    has_figures_ = true;
    html_ += fmt::format(
        "<figure data-kind=\"{}\" data-name=\"{}\" tabindex=\"0\">\n<figcaption>{}</figcaption>\n"
        "<div class=\"picture\" role=\"img\" aria-label=\"{}\"></div>\n"
        "<script type=\"application/json\">{}</script>\n"
        "<details><summary>Numbers</summary>\n{}</details>\n</figure>\n",
        attribute(figure.kind), attribute(figure.name), markup_text(figure.title),
        attribute(figure.title), script_json(figure.data), table_html(figure.numbers));
  }

  std::string text() {
    end_folded(0);
    std::string page = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
        "<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n"
        "<a class=\"skip\" href=\"#report\">Skip to the report</a>\n",
        kPolicy, markup_text(title_.empty() ? "moebench" : title_ + " - moebench"),
        page::page_style());
    if (!has_title_) page += "<h1>moebench</h1>\n";
    page += contents() + "<main id=\"report\">\n";
    // A page may be of tens of megabytes, which are held once.
    html_.insert(0, page);
    html_ += "</main>\n";
    if (has_figures_) html_ += scripts();
    html_ += "</body>\n</html>\n";
    return std::move(html_);
  }

 private:
  void end_list() {
    html_ += "</li></ul>\n";
    --depth_;
  }
  void end_lists() {
    while (depth_ > 0) end_list();
  }

  void end_folded(int level) {
    for (; !folded_.empty() && level <= folded_.back(); folded_.pop_back()) html_ += "</details>\n";
  }

  std::string contents() const {
    if (contents_.size() < 2) return "";
    std::string html = "<nav aria-label=\"Contents\"><ul>\n";
    for (const auto& [id, text] : contents_) {
      html += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", id, markup_text(text));
    }
    return html + "</ul></nav>\n";
  }

  // The library's licence asks for its text wherever the library goes.
  static std::string scripts() {
    return fmt::format(
        "<footer><details><summary>Pictures by Apache ECharts 6.1.0: its licence</summary>\n"
        "<pre>{}\n\n{}</pre></details></footer>\n"
        "<script>{}</script>\n<script>\n{}</script>\n<script>\n{}</script>\n",
        text_lines(page::echarts_notice()), text_lines(page::echarts_license()),
        page::echarts_script(), page::figures_script(), page::page_script());
  }

  struct Entry {
    std::string id;
    std::string text;
  };

  std::string html_;
  std::string title_;
  bool has_title_ = false;
  bool has_figures_ = false;
  int num_headings_ = 0;
  int depth_ = 0;                // of the open lists
  std::vector<int> folded_;      // levels of the open ones
  std::vector<Entry> contents_;  // headings of level 2
};

}  // namespace

std::string print_html(const Document& document, const PrintOptions&) {
  Page page;
  for (const Block& block : document) {
    std::visit([&](const auto& part) { page.print(part); }, block);
  }
  return page.text();
}

}  // namespace moebench::reports
