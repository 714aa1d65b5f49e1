#include "harness/machine/cpu_time.h"

#include <sys/resource.h>

namespace moebench::machine {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double cpu_s(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

double own_cpu_s() { return cpu_s(RUSAGE_SELF); }
double reaped_cpu_s() { return cpu_s(RUSAGE_CHILDREN); }

}  // namespace moebench::machine
