#pragma once

#include <string>

#include "harness/weights/load/request.h"

namespace moebench::weights {

// Reads the checkpoint once more, by the plainest way, and compares every element that the request
// keeps bit for bit. "" where all are equal, else the first that is not.
std::string find_difference(const Request& request, CheckpointFiles& files);

}  // namespace moebench::weights
