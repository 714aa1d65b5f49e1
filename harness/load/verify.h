#pragma once

#include <string>

#include "harness/load/request.h"

namespace moebench::load {

// Reads the checkpoint once more, by the plainest way, and compares every element that the request
// keeps bit for bit. "" where all are equal, else the first that is not.
std::string find_difference(const Request& request, weights::CheckpointFiles& files);

}  // namespace moebench::load
