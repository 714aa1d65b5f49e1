#pragma once

#include <cstdint>
#include <span>

#include "harness/comm/communicator.h"

namespace moebench::comm {

// out[i] (+)= sum over parts of part[i], in fp32 in the order of parts, rounded once.
void sum_parts(std::span<const void* const> parts, std::int64_t count, ElementType type,
               bool accumulate, void* out);

}  // namespace moebench::comm
