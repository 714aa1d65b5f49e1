#pragma once

#include <string>

namespace moebench::page {

struct Drawing {
  std::string kind;  // a function of figures.js
  std::string data;  // what it takes, as JSON text
  std::string title;
  int width = 760;  // pixels; the height follows from the data
};

// Draws a figure as a standalone SVG document by the page's own scripts, without a browser. Throws
// Error where the program was built without an interpreter for them.
std::string draw_svg(const Drawing& drawing);

}  // namespace moebench::page
