#pragma once

#include <string>
#include <string_view>

namespace moebench::reports {

// Any text as LaTeX shows it, on one line: what LaTeX would obey is escaped, what is not printable
// is \xHH, and a character that pdflatex has no glyph for is its code, "[U+4E2D]".
std::string latex_text(std::string_view text);

}  // namespace moebench::reports
