#pragma once

#include <cstdint>

namespace moebench::kernels {

// RowMap (permute_rows.h) in device memory that somebody else owns. The number of rows,
// offsets[num_experts], is known on the device alone. Offsets have 32 bits, as grouped products
// want them.
struct RowMapView {
  std::int32_t* position;  // [num_pairs]
  std::int64_t* counts;    // [num_experts]
  std::int32_t* offsets;   // [num_experts + 1]
  std::int64_t num_pairs;  // tokens x top_k
  std::int64_t num_experts;
};

}  // namespace moebench::kernels
