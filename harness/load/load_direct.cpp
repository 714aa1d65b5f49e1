#include <algorithm>

#include "harness/load/chunk_reader.h"
#include "harness/load/strategies.h"

namespace moebench::load {
namespace {

constexpr std::int64_t kHugePageBytes = 2 << 20;
constexpr std::int64_t kMinChunkBytes = 256 << 10;
constexpr std::int64_t kMaxChunkBytes = 8 << 20;
// Reads in flight that a disk needs to be busy.
constexpr std::int64_t kDiskReads = 4;
// Buffers may take so much of what is kept.
constexpr std::int64_t kBufferShare = 20;

// Returns as much as the buffers' share allows, in whole huge pages with their buffer's margin.
std::int64_t chunk_bytes_for(std::int64_t kept_bytes, std::int64_t num_workers) {
  const std::int64_t share = kept_bytes / kBufferShare / num_workers;
  const std::int64_t margin = ChunkSource::buffer_bytes(0);
  if (share < kHugePageBytes) return std::max(share, kMinChunkBytes);
  return std::min(share / kHugePageBytes * kHugePageBytes, kMaxChunkBytes) - margin;
}

Memory buffer_for(const std::vector<Chunk>& chunks) {
  std::int64_t largest = 0;
  for (const Chunk& chunk : chunks) largest = std::max(largest, chunk.end - chunk.begin);
  const std::int64_t bytes = ChunkSource::buffer_bytes(largest);
  return Memory(bytes, bytes >= kHugePageBytes ? Memory::Pages::kHuge : Memory::Pages::kSystem);
}

}  // namespace

void load_segments(LoadJob& job, const std::vector<Segment>& segments) {
  const Stage outer = job.clock.enter(Stage::kOpen);
  const std::int64_t threads = job.options.threads;
  const std::int64_t readers = std::max(threads, kDiskReads);
  const auto chunks = plan_reads(segments, chunk_bytes_for(job.request.kept_bytes(), readers));
  ChunkSource source(job, chunks);
  job.clock.enter(outer);
  std::counting_semaphore<> compute(threads);
  std::atomic<std::size_t> next{0};
  run_workers(job.clock, source.any_direct() ? readers : threads,
              [&](StageClock& clock, std::int64_t) {
                const Memory buffer = buffer_for(chunks);
                std::vector<std::byte> scratch;
                for (std::size_t i = next++; i < chunks.size(); i = next++) {
                  source.load(i, compute, buffer.data(), scratch, clock);
                }
              });
  source.write(job.report);
}

void load_by_direct(LoadJob& job) {
  std::vector<Segment> segments;
  for (const Piece& piece : job.pieces) segments.push_back({&piece, 0, piece.num_elements()});
  load_segments(job, segments);
}

}  // namespace moebench::load
