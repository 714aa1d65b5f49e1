#include "tools/moebench-rank/fault.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "harness/base/error.h"

namespace moebench {
namespace {

[[noreturn]] void fail(const std::string& kind) {
  if (kind == "kill") ::raise(SIGKILL);
  if (kind == "exit") std::_Exit(7);
  if (kind == "throw") throw Error(std::string("a fault for tests"));
  if (kind == "oom") throw std::bad_alloc();
  for (;;) ::pause();
}

}  // namespace

std::function<void(std::int64_t step)> fault_from_environment(int rank) {
  const char* text = std::getenv("MOEBENCH_TEST_FAULT");
  if (text == nullptr) return [](std::int64_t) {};
  char kind[16];
  int fault_rank = 0;
  long long fault_step = 0;
  const std::string allowed = "kill exit hang throw oom";
  if (std::sscanf(text, "%15[a-z]@%d:%lld", kind, &fault_rank, &fault_step) != 3 ||
      allowed.find(kind) == std::string::npos) {
    throw Error("MOEBENCH_TEST_FAULT='{}' is not <kind>@<rank>:<step> with kind one of {}", text,
                allowed);
  }
  if (fault_rank != rank) return [](std::int64_t) {};
  return [kind = std::string(kind), fault_step](std::int64_t step) {
    if (step == fault_step) fail(kind);
  };
}

}  // namespace moebench
