#pragma once

#include <string>
#include <vector>

#include "reports/write/document.h"

namespace moebench::reports {

// The headings under which a block stands, the outermost first.
class HeadingPath {
 public:
  void enter(const Heading& heading) {
    while (!headings_.empty() && headings_.back().level >= heading.level) headings_.pop_back();
    headings_.push_back(heading);
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const Heading& heading : headings_) texts.push_back(heading.text);
    return texts;
  }

 private:
  std::vector<Heading> headings_;
};

}  // namespace moebench::reports
