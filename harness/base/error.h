#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>

namespace moebench {

// The user's or the machine's fault: says what is wrong and what to do about it.
// Tools turn it into exit code 2; a rank turns it into a failed record.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
  template <typename First, typename... Rest>
  Error(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest)
      : std::runtime_error(fmt::vformat(format, fmt::make_format_args(first, rest...))) {}
};

// A valid request that this build or machine cannot carry out; the record says `unsupported`.
class Unsupported : public Error {
 public:
  using Error::Error;
};

// A device refused memory; the record says `out_of_memory`.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

// The results to be compared were measured on another machine, by another build or not in pairs.
class NotComparable : public Error {
 public:
  using Error::Error;
};

// The baseline that was asked for does not exist.
class NoBaseline : public Error {
 public:
  using Error::Error;
};

}  // namespace moebench
