#pragma once

#include <vector>

#include "harness/config/cell.h"
#include "harness/session/problems.h"

namespace moebench::session {

// Before ranks are started: that the checkpoint of each cell that loads one has every tensor that
// is needed, with its shape and a dtype that converts. Reads headers alone, of each checkpoint and
// model once. A problem names file, tensor and remedy. Where ranks may run on other hosts, one that
// this host does not see is left to them.
void check_weights(const std::vector<config::CellConfig>& cells, bool may_leave_host,
                   Problems& problems);

}  // namespace moebench::session
