#pragma once

#include <string>

#include "harness/base/error.h"

namespace moebench {

// The machine failed at something that is right in itself: the disk is full, there is no memory or
// no process left. Tools turn it into kExitSystem.
class SystemError : public Error {
 public:
  using Error::Error;
};

// A tool or a rank exits with this code after a failure that is neither the user's nor a result.
inline constexpr int kExitSystem = 70;

// A program exits with this code after Ctrl-C, as a shell says it.
inline constexpr int kExitInterrupted = 130;

// Tells whether an errno says that what the user named is wrong (no such folder, no permission).
bool is_named_wrongly(int code);

// Throws "<message>: <reason>" after a system call that failed with errno `code`: Error where
// what the user named is wrong, else SystemError.
[[noreturn]] void throw_errno(int code, const std::string& message);

}  // namespace moebench
