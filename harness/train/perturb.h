#pragma once

#include "harness/train/engine.h"

namespace moebench::train {

// Every parameter that this rank holds, one unit in its last place up or down; 0 stays 0. Copies on
// other ranks move alike.
void perturb_parameters(Engine& engine);

}  // namespace moebench::train
