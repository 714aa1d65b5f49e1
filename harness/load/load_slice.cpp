#include <algorithm>
#include <map>
#include <memory>

#include "harness/load/place.h"
#include "harness/load/strategies.h"

namespace moebench::load {
namespace {

constexpr std::int64_t kTaskBytes = 2 << 20;

// Some rows of a piece: what a worker takes at a time.
struct Task {
  const Piece* piece;
  std::int64_t first, count;  // elements
};

std::vector<Task> cut_into_tasks(const std::vector<Piece>& pieces) {
  std::vector<Task> tasks;
  for (const Piece& piece : pieces) {
    const std::int64_t row_bytes = piece.cols * weights::element_bytes(piece.type);
    const std::int64_t unit = piece.transposed ? piece.cols : 1;
    const std::int64_t units = std::max<std::int64_t>(
        1, kTaskBytes / (piece.transposed ? row_bytes : weights::element_bytes(piece.type)));
    for (std::int64_t at = 0; at < piece.num_elements(); at += units * unit) {
      tasks.push_back({&piece, at, std::min(units * unit, piece.num_elements() - at)});
    }
  }
  return tasks;
}

}  // namespace

void load_by_slice(LoadJob& job) {
  std::map<const weights::SafetensorsReader*, std::unique_ptr<FileMapping>> mappings;
  {
    const InStage in(job.clock, Stage::kOpen);
    for (const Piece& piece : job.pieces) {
      auto& mapping = mappings[piece.file];
      if (!mapping) mapping = std::make_unique<FileMapping>(piece.file->file());
      job.report.bytes_read += piece.source_bytes();
    }
  }
  const std::vector<Task> tasks = cut_into_tasks(job.pieces);
  std::atomic<std::size_t> next{0};
  run_workers(job.clock, job.options.threads, [&](StageClock& clock, std::int64_t) {
    std::vector<std::byte> scratch;
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      const auto& [piece, first, count] = tasks[i];
      const std::int64_t width = weights::element_bytes(piece->type);
      const std::byte* source = mappings.at(piece->file)->data() + piece->offset + first * width;
      if (job.options.pages_apart) {
        const InStage in(clock, Stage::kRead);
        touch_for_reading(source, count * width);
      }
      place(*piece, job.request, first, count, source, scratch, clock);
    }
  });
  const InStage in(job.clock, Stage::kFree);
  mappings.clear();
}

}  // namespace moebench::load
