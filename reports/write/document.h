#pragma once

#include <string>
#include <variant>
#include <vector>

#include "reports/write/table.h"

namespace moebench::reports {

// A report before it has a format: the layouts make documents, the printers (format.h) print them.

// Begins a section, down to the next heading of its level or above.
struct Heading {
  int level;  // 1 is the document's title
  std::string text;
  bool is_folded = false;  // of interest to few: shown folded where the format can do so
};

struct Paragraph {
  std::string text;  // line breaks count
  bool is_strong = false;
};

struct ListItem {
  std::string text;
  int depth = 0;
};

struct List {
  std::vector<ListItem> items;
};

// A picture, for formats that can show one; others leave it out.
struct Figure {
  std::string name;   // for programs: "gain", "memory_tokens"
  std::string title;  // says what is seen
  std::string kind;   // how it is drawn: a function of figures.js
  std::string data;   // what that function takes, as JSON text; numbers in printed units
  Table numbers;      // the same as text
};

using Block = std::variant<Heading, Paragraph, List, Table, Figure>;
using Document = std::vector<Block>;

void add_heading(Document& document, int level, const std::string& text, bool is_folded = false);
void add_paragraph(Document& document, const std::string& text, bool is_strong = false);
// Nothing is added where the list has no items, or the table no columns.
void add_list(Document& document, const std::vector<std::string>& items);
void add_table(Document& document, Table table);
// The heading as well.
void add_section(Document& document, const Heading& heading, Table table);

void append(Document& document, Document more);

}  // namespace moebench::reports
