#pragma once

#include <functional>
#include <vector>

#include "harness/comm/communicator.h"
#include "harness/config/cell.h"
#include "harness/load/load.h"

namespace moebench::train {

// Returns what rank `rank` of the cell loads from its checkpoint, without destinations: a group for
// each sharded unit in the engine's order (root, then each layer's), or the layers' experts.
load::Request load_request(const config::CellConfig& cell, std::int64_t rank);

enum class LoadPass {
  kPlain,
  kTimed,   // resets the process's peak of resident memory, and reports it
  kStages,  // touches pages in stages of their own
};

// Loads `request` by the cell's loader, this process being rank `rank` of the cell. Collective over
// `world` unless the cell plays one rank.
load::LoadReport load_weights(const config::CellConfig& cell, comm::Communicator& world,
                              load::Request& request, load::Memory& memory,
                              LoadPass pass = LoadPass::kPlain);

// Brings the checkpoint's files into the page cache, or out of it, as the cell asks; once a
// machine. Collective. Returns the share of their pages that is in it then.
double prepare_page_cache(const config::CellConfig& cell, comm::Communicator& world);

}  // namespace moebench::train
