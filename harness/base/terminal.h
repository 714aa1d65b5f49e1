#pragma once

#include <cstddef>
#include <optional>

namespace moebench {

// Columns of the terminal that a descriptor is; nullopt where it is none, or does not tell.
std::optional<std::size_t> terminal_columns(int fd);

}  // namespace moebench
