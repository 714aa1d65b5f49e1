#pragma once

#include <string>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::device {

// Describes what a rank knows before a device is chosen.
struct Offer {
  int rank_on_host = 0;
  int ranks_on_host = 1;
  int num_devices = 0;     // that this process sees
  std::string why_none;    // where num_devices is 0
  bool may_share = false;  // one GPU, by the collectives that the cell wants
};

// The device of a rank, or -1 for the CPU; throws Unsupported where CUDA is asked for and this rank
// cannot have a device of its own.
int choose_index(const Offer& offer, config::Device wanted);

// Says why kAuto stays on, or leaves, the CPU.
std::string auto_reason(const Offer& offer);

}  // namespace moebench::device
