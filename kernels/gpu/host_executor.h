#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "kernels/gpu/tile.h"

namespace moebench::kernels {

// The order in which blocks, and threads between two barriers, run. A tile whose result depends on
// it has a race on the device.
enum class HostOrder { kForward, kReverse };

inline thread_local HostOrder host_order = HostOrder::kForward;

namespace host_executor {

inline std::int64_t place_of(std::int64_t i, std::int64_t count) {
  return host_order == HostOrder::kForward ? i : count - 1 - i;
}

template <int phase, typename Tile>
void run_phases(const Tile& tile, std::uint32_t block, typename Tile::Shared& shared,
                std::vector<typename Tile::Local>& locals) {
  for (std::int64_t i = 0; i < Tile::kThreads; ++i) {
    const auto thread = static_cast<std::int32_t>(place_of(i, Tile::kThreads));
    tile.template run<phase>(ThreadPlace{block, thread}, shared,
                             locals[static_cast<std::size_t>(thread)]);
  }
  if constexpr (phase + 1 < Tile::kPhases) run_phases<phase + 1>(tile, block, shared, locals);
}

}  // namespace host_executor

// Every block and thread of the tile on this CPU thread.
template <typename Tile>
void run_on_host(const Tile& tile) {
  using Shared = typename Tile::Shared;
  static_assert(std::is_trivially_default_constructible_v<Shared>, "as __shared__ memory must be");
  const std::int64_t blocks = tile.num_blocks();
  // It lies on the heap, where AddressSanitizer sees what is read or written beside it.
  const auto shared = std::make_unique<Shared>();
  for (std::int64_t i = 0; i < blocks; ++i) {
    // Shared memory begins with what an earlier block left there: NaNs, and no valid index.
    std::memset(static_cast<void*>(shared.get()), 0xff, sizeof(Shared));
    std::vector<typename Tile::Local> locals(Tile::kThreads);
    const auto block = static_cast<std::uint32_t>(host_executor::place_of(i, blocks));
    host_executor::run_phases<0>(tile, block, *shared, locals);
  }
}

}  // namespace moebench::kernels
