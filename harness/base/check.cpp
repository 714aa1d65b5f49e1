#include "harness/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace moebench {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error, please report: %s does not hold\n", file, line,
               condition);
  std::abort();
}

}  // namespace moebench
