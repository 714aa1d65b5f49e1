#include "tools/moebench/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <span>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/output_file.h"
#include "harness/base/printable.h"
#include "harness/base/terminal.h"
#include "harness/record/results_file.h"
#include "tools/moebench/failure.h"
#include "tools/moebench/options.h"

namespace moebench::cli {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 20;
constexpr std::size_t kUsualWidth = 80;  // of a terminal that does not say

bool is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

void refuse_results(const std::string& path, const std::string& results) {
  const std::filesystem::path folder = results;
  auto files = record::result_files(folder);
  files.insert(files.end(), {folder, folder / "session.json"});
  for (const auto& file : files) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file, ignored) ||
        !std::filesystem::equivalent(path, file, ignored)) {
      continue;
    }
    throw Error("'{}' holds the results themselves; name another file to write", path);
  }
}

}  // namespace

void prepare_outputs() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // Each open() takes the smallest number that is free. Of stdin and stdout the wrong direction is
  // open then, so that using them still fails.
  for (const auto& [fd, direction] :
       {std::pair(STDIN_FILENO, O_WRONLY), std::pair(STDOUT_FILENO, O_RDONLY),
        std::pair(STDERR_FILENO, O_WRONLY)}) {
    if (::fcntl(fd, F_GETFD) < 0) [[maybe_unused]]
      const int opened = ::open("/dev/null", direction);
  }
}

void print_text(std::string_view text) {
  print_safe_text(is_terminal() ? printable_lines(text) : std::string(text));
}

void print_safe_text(std::string_view shown) {
  write_all(STDOUT_FILENO, std::as_bytes(std::span(shown)), "to stdout");
}

namespace {

// The terminal's printer has made what it was given printable; what is not is its own colours.
Write print_of(reports::Format format) {
  return format == reports::Format::kTerminal ? print_safe_text : print_text;
}

}  // namespace

void write_output(const std::string& path, std::string_view text,
                  const std::vector<std::string>& results, reports::Format format) {
  write_output(path, results, format, [&](const Write& write) { write(text); });
}

void write_output(const std::string& path, const std::vector<std::string>& results,
                  reports::Format format, const std::function<void(const Write&)>& produce) {
  const Write print = print_of(format);
  std::optional<OutputFile> file;
  if (!path.empty()) {
    for (const std::string& folder : results) refuse_results(path, folder);
    file.emplace(path);
  }
  std::string pieces;
  const auto flush = [&] {
    file ? file->append(pieces) : print(pieces);
    pieces.clear();
  };
  produce([&](std::string_view piece) {
    pieces += piece;
    if (pieces.size() >= kBufferSize) flush();
  });
  flush();
  if (file) file->commit();
}

reports::Format output_format(const std::string& name, reports::Format otherwise) {
  if (!name.empty()) return reports::format_from_string(name);
  return is_terminal() ? reports::Format::kTerminal : otherwise;
}

reports::Format output_format(const std::string& name, const std::string& figure) {
  if (figure.empty()) return output_format(name);
  if (name.empty() || name == to_string(reports::Format::kSvg)) return reports::Format::kSvg;
  throw Error("--figure {}: only svg is one picture; use --format svg", figure);
}

reports::PrintOptions print_options(const std::string& figure) {
  if (!is_terminal()) return {.figure = figure};
  // https://no-color.org: any text that is not empty.
  const char* no_colour = std::getenv("NO_COLOR");
  return {.width = terminal_columns(STDOUT_FILENO).value_or(kUsualWidth),
          .has_colours = no_colour == nullptr || *no_colour == '\0',
          .shows_folded = false,
          .figure = figure};
}

void print_document(const reports::Document& document, reports::Format format,
                    const std::string& figure) {
  print_of(format)(reports::print(document, format, print_options(figure)));
}

int write_outputs(int verdict, const std::vector<std::function<void()>>& outputs) {
  int exit_code = verdict;
  for (const auto& write : outputs) {
    try {
      write();
    } catch (...) {
      const int failure = explain_failure(std::current_exception(), std::cerr);
      if (exit_code == kExitOk) exit_code = failure;
    }
  }
  return exit_code;
}

}  // namespace moebench::cli
