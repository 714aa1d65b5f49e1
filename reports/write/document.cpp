#include "reports/write/document.h"

#include <iterator>

namespace moebench::reports {

void add_heading(Document& document, int level, const std::string& text, bool is_folded) {
  document.emplace_back(Heading{level, text, is_folded});
}

void add_paragraph(Document& document, const std::string& text, bool is_strong) {
  document.emplace_back(Paragraph{text, is_strong});
}

void add_list(Document& document, const std::vector<std::string>& items) {
  if (items.empty()) return;
  List list;
  for (const std::string& item : items) list.items.push_back({item});
  document.emplace_back(std::move(list));
}

void add_table(Document& document, Table table) {
  if (!table.empty()) document.emplace_back(std::move(table));
}

void add_section(Document& document, const Heading& heading, Table table) {
  if (table.empty()) return;
  document.emplace_back(heading);
  add_table(document, std::move(table));
}

void append(Document& document, Document more) {
  document.insert(document.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

}  // namespace moebench::reports
