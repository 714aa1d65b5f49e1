#pragma once

#include <cstdint>
#include <vector>

#include "harness/load/request.h"

namespace moebench::load {

// A run of a piece's elements.
struct Segment {
  const Piece* piece = nullptr;
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t begin() const { return piece->offset + first * weights::element_bytes(piece->type); }
  std::int64_t end() const { return begin() + count * weights::element_bytes(piece->type); }
};

// Bytes [begin, end) of a file that are read at once, and what of them is wanted, in order.
struct Chunk {
  const weights::SafetensorsReader* file = nullptr;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::vector<Segment> segments;
};

// Cuts a segment into ones of about `max_bytes`: transposed ones into whole rows, as many as fill
// lines of the destination where that is possible.
std::vector<Segment> cut(const Segment& segment, std::int64_t max_bytes);

// All of the segments, sorted by place, neighbours in a file merged up to `chunk_bytes`.
std::vector<Chunk> plan_reads(const std::vector<Segment>& segments, std::int64_t chunk_bytes);

}  // namespace moebench::load
