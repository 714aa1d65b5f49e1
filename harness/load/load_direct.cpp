#include <algorithm>
#include <mutex>
#include <optional>

#include "harness/load/chunk_reader.h"
#include "harness/load/strategies.h"

namespace moebench::load {
namespace {

constexpr std::int64_t kMinChunkBytes = 256 << 10;
constexpr std::int64_t kMaxChunkBytes = 8 << 20;
// Reads in flight that a disk needs to be busy.
constexpr std::int64_t kDiskReads = 4;

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

// Gives each worker a run of chunks, and then what others have left. Workers at neighbouring chunks
// would write to the same huge page at the same time: both would zero one, which takes as long as
// filling it, and one of these be thrown away.
class ChunkQueue {
 public:
  ChunkQueue(std::size_t num_chunks, std::size_t num_workers) {
    for (std::size_t i = 0; i < num_workers; ++i) {
      runs_.push_back({num_chunks * i / num_workers, num_chunks * (i + 1) / num_workers});
    }
  }

  std::optional<std::size_t> take(std::size_t worker) {
    const std::lock_guard lock(mutex_);
    if (runs_[worker].size() > 0) return runs_[worker].begin++;
    Run& longest = *std::ranges::max_element(runs_, {}, &Run::size);
    if (longest.size() == 0) return std::nullopt;
    return --longest.end;
  }

 private:
  struct Run {
    std::size_t begin, end;
    std::size_t size() const { return end - begin; }
  };
  std::mutex mutex_;
  std::vector<Run> runs_;
};

}  // namespace

void load_segments(LoadJob& job, const std::vector<Segment>& segments) {
  const Stage outer = job.clock.enter(Stage::kOpen);
  const std::int64_t threads = job.options.threads;
  const std::int64_t readers = std::max(threads, kDiskReads);
  const auto chunks = plan_reads(segments, chunk_bytes_for(job.request.kept_bytes(), readers));
  ChunkSource source(job, chunks);
  job.clock.enter(outer);
  std::counting_semaphore<> compute(threads);
  const std::int64_t workers = source.any_direct() ? readers : threads;
  ChunkQueue queue(chunks.size(), static_cast<std::size_t>(workers));
  run_workers(job.clock, workers, [&](StageClock& clock, std::int64_t worker) {
    const Memory buffer = buffer_for(chunks);
    std::vector<std::byte> scratch;
    while (const auto i = queue.take(static_cast<std::size_t>(worker))) {
      source.load(*i, compute, buffer.data(), scratch, clock);
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
