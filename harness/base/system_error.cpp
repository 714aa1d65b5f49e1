#include "harness/base/system_error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace moebench {

bool is_named_wrongly(int code) {
  constexpr std::array kNamedWrongly = {EACCES,  EEXIST,    EISDIR, ELOOP, ENAMETOOLONG, ENOENT,
                                        ENOTDIR, ENOTEMPTY, ENXIO,  EPERM, EROFS};
  return std::ranges::count(kNamedWrongly, code) > 0;
}

void throw_errno(int code, const std::string& message) {
  const std::string text = message + ": " + std::strerror(code);
  if (is_named_wrongly(code)) throw Error(text);
  throw SystemError(text);
}

}  // namespace moebench
