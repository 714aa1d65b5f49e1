#include "harness/base/system_error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace moebench {

void throw_errno(int code, const std::string& message) {
  constexpr std::array kNamedWrongly = {EACCES, EEXIST,  EISDIR,    ELOOP, ENAMETOOLONG,
                                        ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EROFS};
  const std::string text = message + ": " + std::strerror(code);
  if (std::ranges::count(kNamedWrongly, code) > 0) throw Error(text);
  throw SystemError(text);
}

}  // namespace moebench
