#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/write/format.h"

// Commands print by these functions alone; what cannot be written is an error.
namespace moebench::cli {

// Call it once, before anything is opened: what is written to a reader that has gone, beyond a
// limit of file sizes or to a descriptor that is closed shall fail instead of ending the program or
// landing in a file.
void prepare_outputs();

// Throws SystemError where stdout does not take all of it. A terminal gets nothing to obey,
// whatever the format.
void print_text(std::string_view text);
// The same of a text in which nothing but the program's own marks is for a terminal to obey.
void print_safe_text(std::string_view text);

// Writes a text of this format to the file that the user named (OutputFile's rules), to stdout
// where `path` is empty. Throws Error where it is a file of `results`, the folders that the text is
// about.
void write_output(const std::string& path, std::string_view text,
                  const std::vector<std::string>& results,
                  reports::Format format = reports::Format::kMarkdown);
// Does the same with what `produce` hands over piece by piece, of which no more than some is held.
// A piece ends where a line or at least a character does.
using reports::Write;
void write_output(const std::string& path, const std::vector<std::string>& results,
                  reports::Format format, const std::function<void(const Write&)>& produce);

// A --format as given. Empty: terminal where stdout is one, else `otherwise`.
reports::Format output_format(const std::string& name,
                              reports::Format otherwise = reports::Format::kMarkdown);
// The same where a --figure names a picture, which is printed as svg.
reports::Format output_format(const std::string& name, const std::string& figure);

// Returns options to print as wide as the terminal where stdout is one, in colours unless NO_COLOR
// is set, and without what other formats fold.
reports::PrintOptions print_options(const std::string& figure = "");

void print_document(const reports::Document& document, reports::Format format = output_format(""),
                    const std::string& figure = "");

// Tries all outputs, and explains on stderr which failed. What has been found out stands: the exit
// code is `verdict`, but that of the first failure where the verdict is success.
int write_outputs(int verdict, const std::vector<std::function<void()>>& outputs);

}  // namespace moebench::cli
