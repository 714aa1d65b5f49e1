#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/write/printers.h"
#include "reports/write/sections.h"

namespace moebench::reports {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kLargestExactInteger = 9007199254740992.0;  // 2^53

struct ToJson {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(const std::string& words) const { return words; }
  Json operator()(record::Disposition disposition) const { return to_string(disposition); }
  // Writes numbers as the records do: whole ones without a point, what JSON cannot hold as null.
  Json operator()(double number) const {
    if (!std::isfinite(number)) return nullptr;
    const bool is_whole = number == std::trunc(number) && std::abs(number) <= kLargestExactInteger;
    return is_whole ? Json(static_cast<std::int64_t>(number)) : Json(number);
  }
};

Json to_json(const Table& table) {
  Json columns = Json::array(), rows = Json::array();
  const std::vector<std::string> keys = keys_of(table);
  for (std::size_t i = 0; i < table.size(); ++i) {
    columns.push_back(
        {{"name", keys[i]}, {"unit", table[i].style.unit}, {"is_key", table[i].is_key}});
  }
  for (std::size_t row = 0; row < num_rows(table); ++row) {
    Json json = Json::object();
    for (std::size_t i = 0; i < table.size(); ++i) {
      json[keys[i]] = std::visit(ToJson(), table[i].entries[row].value);
    }
    rows.push_back(std::move(json));
  }
  return {{"columns", std::move(columns)}, {"rows", std::move(rows)}};
}

class Sections {
 public:
  void add(const Heading& heading) {
    path_.enter(heading);
    begin();
  }
  void add(const Paragraph& paragraph) { open()["paragraphs"].push_back(paragraph.text); }
  void add(const List& list) {
    for (const ListItem& item : list.items) open()["notes"].push_back(item.text);
  }
  void add(const Table& table) { open()["tables"].push_back(to_json(table)); }
  void add(const Figure&) {}

  Json take() { return std::move(sections_); }

 private:
  void begin() {
    sections_.push_back({{"path", path_.texts()},
                         {"paragraphs", Json::array()},
                         {"notes", Json::array()},
                         {"tables", Json::array()}});
  }
  Json& open() {
    if (sections_.empty()) begin();
    return sections_.back();
  }

  HeadingPath path_;
  Json sections_ = Json::array();
};

}  // namespace

std::string print_json(const Document& document, const PrintOptions&) {
  Sections sections;
  for (const Block& block : document) {
    std::visit([&](const auto& part) { sections.add(part); }, block);
  }
  Json json;
  json["sections"] = sections.take();
  // Messages may hold bytes that are not UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace moebench::reports
