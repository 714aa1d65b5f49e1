#include "harness/load/read_plan.h"

#include <algorithm>
#include <tuple>

namespace moebench::load {
namespace {

constexpr std::size_t kMaxSegments = 256;

// Whole tiles of the transposition, or lines of its destination, or what fits.
std::int64_t rows_at_once(std::int64_t fitting) {
  for (const std::int64_t unit : {256, 32}) {
    if (fitting >= unit) return fitting / unit * unit;
  }
  return std::max<std::int64_t>(1, fitting);
}

std::int64_t elements_at_once(const Piece& piece, std::int64_t max_bytes) {
  const std::int64_t fitting =
      std::max<std::int64_t>(1, max_bytes / weights::element_bytes(piece.type));
  return piece.transposed ? rows_at_once(fitting / piece.cols) * piece.cols : fitting;
}

bool fits(const Chunk& chunk, const Segment& segment, std::int64_t chunk_bytes) {
  return chunk.file == segment.piece->file && segment.begin() == chunk.end &&
         segment.end() - chunk.begin <= chunk_bytes && chunk.segments.size() < kMaxSegments;
}

}  // namespace

std::vector<Segment> cut(const Segment& segment, std::int64_t max_bytes) {
  const std::int64_t step = elements_at_once(*segment.piece, max_bytes);
  std::vector<Segment> parts;
  for (std::int64_t at = 0; at < segment.count; at += step) {
    parts.push_back({segment.piece, segment.first + at, std::min(step, segment.count - at)});
  }
  return parts;
}

std::vector<Chunk> plan_reads(const std::vector<Segment>& segments, std::int64_t chunk_bytes) {
  std::vector<Segment> sorted = segments;
  std::ranges::sort(sorted, [](const Segment& a, const Segment& b) {
    return std::tuple(a.piece->file->path(), a.begin()) <
           std::tuple(b.piece->file->path(), b.begin());
  });
  std::vector<Chunk> chunks;
  for (const Segment& whole : sorted) {
    for (const Segment& segment : cut(whole, chunk_bytes)) {
      if (chunks.empty() || !fits(chunks.back(), segment, chunk_bytes)) {
        chunks.push_back({segment.piece->file, segment.begin(), segment.begin(), {}});
      }
      chunks.back().end = segment.end();
      chunks.back().segments.push_back(segment);
    }
  }
  return chunks;
}

}  // namespace moebench::load
