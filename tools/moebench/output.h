#pragma once

#include <string>

#include "reports/write/format.h"

// What commands print.
namespace moebench::cli {

// A --format as given. Empty: terminal where stdout is one, else `otherwise`.
reports::Format output_format(const std::string& name,
                              reports::Format otherwise = reports::Format::kMarkdown);

// As wide as the terminal where stdout is one.
reports::PrintOptions print_options();

void print_document(const reports::Document& document, reports::Format format = output_format(""));

}  // namespace moebench::cli
