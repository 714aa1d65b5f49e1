#pragma once

#include <ATen/core/ivalue.h>

#include <vector>

namespace moebench::model {

// What a profile counts as moved by an operation: each tensor read or written once.
using Moved = std::vector<c10::IValue>;
inline const Moved kNoInputs;

}  // namespace moebench::model
