#pragma once

#include <string>

#include "harness/checkpoint/reader.h"

namespace moebench::checkpoint {

// Says how far two states of training are apart.
struct Difference {
  bool identical = true;  // every bit of every parameter and moment
  // Largest over parameters of |got - want| / |want| (2-norms), and where.
  double parameters = 0;
  std::string worst_parameter;
  // The same over both moments.
  double moments = 0;
};

// Error where the two do not hold the same parameters in the same dtype, or a file cannot be read.
Difference difference(const Reader& got, const Reader& want);

}  // namespace moebench::checkpoint
