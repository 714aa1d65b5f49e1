#include "harness/load/share_plan.h"

#include <algorithm>
#include <map>
#include <set>

namespace moebench::load {
namespace {

// Says where a piece begins or ends in a file, and whose it is.
struct Event {
  std::int64_t at;
  bool begins;
  int rank;
  const Piece* piece;
};

using Events = std::vector<Event>;

// Sorts files by path, since the order of addresses differs from rank to rank.
std::map<std::filesystem::path, Events> events_by_file(
    const std::vector<std::vector<Piece>>& pieces) {
  std::map<std::filesystem::path, Events> files;
  for (std::size_t rank = 0; rank < pieces.size(); ++rank) {
    for (const Piece& piece : pieces[rank]) {
      Events& events = files[piece.file->path()];
      events.push_back({piece.offset, true, static_cast<int>(rank), &piece});
      events.push_back(
          {piece.offset + piece.source_bytes(), false, static_cast<int>(rank), &piece});
    }
  }
  for (auto& [path, events] : files) {
    std::ranges::stable_sort(events, {}, &Event::at);
  }
  return files;
}

class SharePlanner {
 public:
  SharePlanner(int num_ranks, int rank, std::int64_t max_bytes)
      : rank_(rank), max_bytes_(max_bytes), read_bytes_(static_cast<std::size_t>(num_ranks), 0) {}

  void add(const Events& events) {
    std::multimap<int, const Piece*> open;  // by rank
    std::int64_t since = 0;
    for (const Event& event : events) {
      if (event.at > since && !open.empty()) add_range(open, since, event.at);
      since = event.at;
      if (event.begins) {
        open.emplace(event.rank, event.piece);
        continue;
      }
      const auto [first, last] = open.equal_range(event.rank);
      open.erase(std::find_if(first, last, [&](const auto& o) { return o.second == event.piece; }));
    }
  }

  SharePlan take() { return std::move(plan_); }

 private:
  static Segment segment_of(const Piece& piece, std::int64_t begin, std::int64_t end) {
    const std::int64_t width = weights::element_bytes(piece.type);
    return {&piece, (begin - piece.offset) / width, (end - begin) / width};
  }

  void add_range(const std::multimap<int, const Piece*>& open, std::int64_t begin,
                 std::int64_t end) {
    std::set<int> ranks;
    for (const auto& [rank, piece] : open) ranks.insert(rank);
    if (ranks.size() == 1) {
      for (const auto& [rank, piece] : open) {
        read_bytes_[static_cast<std::size_t>(rank)] += end - begin;
        if (rank == rank_) plan_.own.push_back(segment_of(*piece, begin, end));
      }
      return;
    }
    for (const Segment& part : cut(segment_of(*open.begin()->second, begin, end), max_bytes_)) {
      const int reader = *std::ranges::min_element(
          ranks, {}, [&](int rank) { return read_bytes_[static_cast<std::size_t>(rank)]; });
      read_bytes_[static_cast<std::size_t>(reader)] += part.end() - part.begin();
      plan_.shared.push_back(
          {part.piece->file, part.begin(), part.end(), {ranks.begin(), ranks.end()}, reader});
    }
  }

  int rank_;
  std::int64_t max_bytes_;
  std::vector<std::int64_t> read_bytes_;
  SharePlan plan_;
};

}  // namespace

SharePlan plan_shares(const std::vector<std::vector<Piece>>& pieces, int rank,
                      std::int64_t max_bytes) {
  SharePlanner planner(static_cast<int>(pieces.size()), rank, max_bytes);
  for (const auto& [path, events] : events_by_file(pieces)) planner.add(events);
  return planner.take();
}

}  // namespace moebench::load
