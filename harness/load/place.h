#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/load/request.h"
#include "harness/load/stages.h"

namespace moebench::load {

// Puts elements [first, first + count) of a piece, which lie at `source` as the file has them, in
// their place: converted and transposed where the piece asks. `scratch` keeps its memory from call
// to call. Any alignment of `source`.
void place(const Piece& piece, const Request& request, std::int64_t first, std::int64_t count,
           const std::byte* source, std::vector<std::byte>& scratch, StageClock& clock);

}  // namespace moebench::load
