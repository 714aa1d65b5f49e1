#pragma once

#include <exception>
#include <iosfwd>

namespace moebench::cli {

// Writes what went wrong, and what is lost by it; returns the exit code.
int explain_failure(const std::exception_ptr& failure, std::ostream& out);

}  // namespace moebench::cli
