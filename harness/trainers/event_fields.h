#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "harness/trainers/log_json.h"

namespace moebench::trainers {

// The members of one line of events.md. Errors read "file:line: ...; remedy".
class EventFields {
 public:
  EventFields(const Json& object, std::string place) : object_(object), place_(std::move(place)) {}

  [[noreturn]] void fail(const std::string& what) const;

  std::string text(const char* key) const;
  std::int64_t integer(const char* key, std::int64_t least) const;
  // Nothing where it is missing. "nan", "inf" and "-inf" are numbers where `is_real` is true; else
  // only what counts something is.
  std::optional<double> number(const char* key, bool is_real) const;

 private:
  const Json& get(const char* key) const;

  const Json& object_;
  std::string place_;
};

}  // namespace moebench::trainers
