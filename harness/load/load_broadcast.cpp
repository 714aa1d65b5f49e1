#include <algorithm>
#include <numeric>

#include "harness/base/scratch_buffer.h"
#include "harness/load/chunk_reader.h"
#include "harness/load/place.h"
#include "harness/load/share_plan.h"
#include "harness/load/strategies.h"

namespace moebench::load {
namespace {

constexpr std::int64_t kMinRangeBytes = 128 << 10;
constexpr std::int64_t kMaxRangeBytes = 4 << 20;

// In each round every rank reads its next range and sends it to those that need it.
class BroadcastLoader {
 public:
  explicit BroadcastLoader(LoadJob& job)
      : job_(job),
        exchange_(*job.options.exchange),
        num_ranks_(static_cast<std::size_t>(exchange_.size())) {}

  void run() {
    const Stage outer = job_.clock.enter(Stage::kOpen);
    std::vector<std::vector<Piece>> pieces;
    for (const Request& request : job_.options.requests) {
      pieces.push_back(find_pieces(request, job_.files));
    }
    // This rank's requests with destinations.
    pieces[static_cast<std::size_t>(exchange_.rank())] = job_.pieces;
    const SharePlan plan = plan_shares(pieces, exchange_.rank(), range_bytes());
    job_.clock.enter(outer);
    load_segments(job_, plan.own);
    exchange(plan.shared);
  }

 private:
  using Ranges = std::vector<const SharedRange*>;

  // Rank r's range of round k is ranges[r][k].
  std::vector<Ranges> by_reader(const std::vector<SharedRange>& shared) const {
    std::vector<Ranges> ranges(num_ranks_);
    for (const SharedRange& range : shared) {
      ranges[static_cast<std::size_t>(range.reader)].push_back(&range);
    }
    return ranges;
  }

  // The smallest of all ranks' shares, so that all cut alike. A rank holds what it has read, copies
  // of it for the others, and what they send.
  std::int64_t range_bytes() const {
    std::int64_t kept = INT64_MAX;
    for (const Request& request : job_.options.requests) {
      kept = std::min(kept, request.kept_bytes());
    }
    const std::int64_t share = kept / kBufferShare / (2 * exchange_.size());
    return std::clamp(share, kMinRangeBytes, kMaxRangeBytes);
  }

  void exchange(const std::vector<SharedRange>& shared) {
    const auto ranges = by_reader(shared);
    std::size_t rounds = 0;
    for (const Ranges& of_rank : ranges) rounds = std::max(rounds, of_rank.size());
    std::vector<Chunk> mine;
    for (const SharedRange* range : ranges[static_cast<std::size_t>(exchange_.rank())]) {
      mine.push_back({range->file, range->begin, range->end, {}});
    }
    ChunkSource source(job_, mine);
    for (std::size_t round = 0; round < rounds; ++round) {
      if (round < mine.size()) read(source, mine[round], round);
      std::vector<const SharedRange*> of_round(num_ranks_, nullptr);
      for (std::size_t r = 0; r < num_ranks_; ++r) {
        if (round < ranges[r].size()) of_round[r] = ranges[r][round];
      }
      run_round(of_round);
    }
    source.write(job_.report);
  }

  void read(ChunkSource& source, const Chunk& chunk, std::size_t round) {
    const std::int64_t bytes = ChunkSource::buffer_bytes(chunk.end - chunk.begin);
    if (bytes > buffer_size_) {
      buffer_ = Memory(bytes, Memory::Pages::kSystem);
      buffer_size_ = bytes;
    }
    read_ = buffer_.data() + source.read(round, buffer_.data(), job_.clock);
  }

  bool is_needed_by(const SharedRange* range, int rank) const {
    return range != nullptr && std::ranges::binary_search(range->ranks, rank);
  }

  // ranges[r]: what rank r has read, or null.
  void run_round(const std::vector<const SharedRange*>& ranges) {
    const auto me = static_cast<std::size_t>(exchange_.rank());
    std::vector<std::int64_t> send_bytes(num_ranks_, 0), receive_bytes(num_ranks_, 0);
    for (std::size_t r = 0; r < num_ranks_; ++r) {
      if (r == me) continue;
      if (is_needed_by(ranges[me], static_cast<int>(r))) {
        send_bytes[r] = ranges[me]->end - ranges[me]->begin;
      }
      if (is_needed_by(ranges[r], exchange_.rank())) {
        receive_bytes[r] = ranges[r]->end - ranges[r]->begin;
      }
    }
    {
      const InStage in(job_.clock, Stage::kCommunication);
      send_.clear();
      for (const std::int64_t bytes : send_bytes) send_.insert(send_.end(), read_, read_ + bytes);
      const auto total =
          std::accumulate(receive_bytes.begin(), receive_bytes.end(), std::int64_t{0});
      exchange_.all_to_all(send_.data(), send_bytes, received_.take(total), receive_bytes);
      job_.report.bytes_received += total;
    }
    if (is_needed_by(ranges[me], exchange_.rank())) place_range(*ranges[me], read_);
    const std::byte* next = received_.data();
    for (std::size_t r = 0; r < num_ranks_; ++r) {
      if (receive_bytes[r] > 0) place_range(*ranges[r], next);
      next += receive_bytes[r];
    }
  }

  // Puts what this rank needs of a range, which lies at `bytes`, in its place.
  void place_range(const SharedRange& range, const std::byte* bytes) {
    for (const Piece& piece : job_.pieces) {
      if (piece.file->path() != range.file->path()) continue;
      const std::int64_t begin = std::max(piece.offset, range.begin);
      const std::int64_t end = std::min(piece.offset + piece.source_bytes(), range.end);
      if (begin >= end) continue;
      const std::int64_t width = weights::element_bytes(piece.type);
      place(piece, job_.request, (begin - piece.offset) / width, (end - begin) / width,
            bytes + (begin - range.begin), scratch_, job_.clock);
    }
  }

  LoadJob& job_;
  Exchange& exchange_;
  std::size_t num_ranks_;
  Memory buffer_;
  std::int64_t buffer_size_ = 0;
  const std::byte* read_ = nullptr;  // this rank's range of the round
  std::vector<std::byte> send_, scratch_;
  ScratchBuffer received_;
};

}  // namespace

void load_by_broadcast(LoadJob& job) { BroadcastLoader(job).run(); }

}  // namespace moebench::load
