#include "reports/write/latex_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/base/printable.h"

namespace moebench::reports {
namespace {

struct Escape {
  char32_t code;
  const char* latex;
};

// Braces keep a bracket or a star behind "\\" from being its argument.
constexpr std::array kEscapes = {
    Escape{'\\', "\\textbackslash{}"},
    Escape{'{', "\\{"},
    Escape{'}', "\\}"},
    Escape{'$', "\\$"},
    Escape{'&', "\\&"},
    Escape{'#', "\\#"},
    Escape{'%', "\\%"},
    Escape{'_', "\\_"},
    Escape{'~', "\\textasciitilde{}"},
    Escape{'^', "\\textasciicircum{}"},
    Escape{'<', "\\textless{}"},
    Escape{'>', "\\textgreater{}"},
    Escape{'|', "\\textbar{}"},
    Escape{'"', "{\\char34}"},
    Escape{'`', "{\\char96}"},
    Escape{'[', "{[}"},
    Escape{']', "{]}"},
    Escape{'*', "{*}"},
    Escape{U'Δ', "$\\Delta$"},
    Escape{U'µ', "$\\mu$"},
    Escape{U'·', "\\textperiodcentered{}"},
    Escape{U'×', "$\\times$"},
    Escape{U'±', "$\\pm$"},
    Escape{U'²', "$^2$"},
    Escape{U'—', "\\textemdash{}"},
    Escape{U'–', "\\textendash{}"},
    Escape{U'…', "\\ldots{}"},
    Escape{U'→', "$\\to$"},
    Escape{U'≤', "$\\leq$"},
    Escape{U'≥', "$\\geq$"},
    Escape{U'≈', "$\\approx$"},
    Escape{U'\u00a0', "~"},
};

// Letters of Latin-1 and Latin Extended-A that LaTeX composes in any of its encodings.
bool is_composed(char32_t code) {
  constexpr std::u32string_view kNot = U"ÐÞðþ×÷ĦħıĸŁłŉŊŋŦŧſ";
  const bool is_letter = code >= 0xC0 && code <= 0x17F;
  return is_letter && kNot.find(code) == std::u32string_view::npos;
}

std::string character(const Utf8Character& found, std::string_view text) {
  const auto* escape = std::ranges::find(kEscapes, found.code, &Escape::code);
  if (escape != kEscapes.end()) return escape->latex;
  if (found.code < 0x80 || is_composed(found.code)) return std::string(text.substr(0, found.size));
  return fmt::format("{{[}}U+{:04X}{{]}}", static_cast<std::uint32_t>(found.code));
}

}  // namespace

std::string latex_text(std::string_view text) {
  const std::string shown = printable(text);
  std::string latex;
  char32_t before = 0;
  for (std::string_view rest = shown; !rest.empty();) {
    const Utf8Character found = decode_utf8(rest);  // printable text is UTF-8
    // Two hyphens would become a dash, two apostrophes a quote.
    const bool joins = found.code == '-' || found.code == '\'';
    if (joins && found.code == before) latex += "{}";
    before = found.code;
    latex += character(found, rest);
    rest.remove_prefix(found.size);
  }
  return latex;
}

}  // namespace moebench::reports
