#include "harness/base/host_name.h"

#include <unistd.h>

#include <array>

#include "harness/base/environment_variable.h"

namespace moebench {

std::string host_name() {
  if (const auto node = environment_variable("SLURMD_NODENAME"); node && !node->empty()) {
    return *node;
  }
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string short_host_name(const std::string& host) { return host.substr(0, host.find('.')); }

}  // namespace moebench
