#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "harness/base/error.h"
#include "reports/page/draw_svg.h"
#include "reports/write/printers.h"
#include "reports/write/sections.h"

namespace moebench::reports {
namespace {

struct Named {
  std::string section;  // the heading of level 2 above it; empty: none
  const Figure* figure;

  std::string full_name() const {
    return section.empty() ? figure->name : section + "/" + figure->name;
  }
};

std::vector<Named> figures_of(const Document& document) {
  std::vector<Named> figures;
  std::string section;
  for (const Block& block : document) {
    if (const auto* heading = std::get_if<Heading>(&block)) {
      if (heading->level <= 2) section = heading->level == 2 ? heading->text : "";
    } else if (const auto* figure = std::get_if<Figure>(&block)) {
      figures.push_back({section, figure});
    }
  }
  return figures;
}

// The short names where they are unique, which is where one scenario alone is shown.
std::vector<std::string> names_of(const std::vector<Named>& figures) {
  std::vector<std::string> names;
  for (const Named& named : figures) {
    const auto same = [&](const Named& other) { return other.figure->name == named.figure->name; };
    names.push_back(std::ranges::count_if(figures, same) > 1 ? named.full_name()
                                                             : named.figure->name);
  }
  return names;
}

const Figure& find(const std::vector<Named>& figures, const std::string& name) {
  if (figures.empty()) {
    throw Error("there is no picture of what is shown here; use another format than svg");
  }
  const std::vector<std::string> names = names_of(figures);
  for (std::size_t i = 0; i < figures.size(); ++i) {
    if (names[i] == name || figures[i].full_name() == name) return *figures[i].figure;
  }
  const std::string list = fmt::format("{}", fmt::join(names, ", "));
  if (name.empty()) throw Error("svg is one picture: name it with --figure, one of {}", list);
  throw Error("there is no picture '{}'; use one of {}", name, list);
}

}  // namespace

std::string print_svg(const Document& document, const PrintOptions& options) {
  const std::vector<Named> figures = figures_of(document);
  const Figure& figure = find(figures, options.figure);
  return page::draw_svg({.kind = figure.kind, .data = figure.data, .title = figure.title});
}

}  // namespace moebench::reports
