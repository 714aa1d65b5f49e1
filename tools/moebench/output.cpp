#include "tools/moebench/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

namespace moebench::cli {
namespace {

constexpr std::size_t kUsualWidth = 80;  // of a terminal that does not say

bool is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

}  // namespace

reports::Format output_format(const std::string& name, reports::Format otherwise) {
  if (!name.empty()) return reports::format_from_string(name);
  return is_terminal() ? reports::Format::kTerminal : otherwise;
}

reports::PrintOptions print_options() {
  if (!is_terminal()) return {};
  winsize size{};
  const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return {.width = is_known ? size.ws_col : kUsualWidth};
}

void print_document(const reports::Document& document, reports::Format format) {
  std::cout << reports::print(document, format, print_options());
}

}  // namespace moebench::cli
