#pragma once

#include <string>

#include "harness/base/error.h"

namespace moebench {

// Returns what `call` complains about, "no error" where it does not.
template <typename Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace moebench
