#include "harness/config/transport.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/words.h"

namespace moebench::config {

std::string transport_fault(std::string_view text) {
  static const std::vector<std::string> known = {kSharedMemory, kTcp, kNvlink, kInfiniband, kEfa};
  constexpr std::string_view kInterface = "tcp:";
  if (text.starts_with(kInterface) && text.size() > kInterface.size()) return "";
  if (std::ranges::find(known, text) != known.end()) return "";
  return fmt::format("unknown transport '{}'; use {} (tcp:eth0: by that interface)",
                     shortened(text), join_alternatives(known));
}

bool is_of_one_host(std::string_view transport) {
  return transport == kSharedMemory || transport == kNvlink;
}

}  // namespace moebench::config
