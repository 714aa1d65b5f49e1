#pragma once

#include <string>

namespace moebench {

// This host's name, as the kernel has it; "" where it does not tell.
std::string host_name();

}  // namespace moebench
