#include "harness/load/chunk_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/base/error.h"
#include "harness/load/place.h"

namespace moebench::load {
namespace {

constexpr std::int64_t kBlockBytes = 4096;  // a multiple of every disk's

// Plain bytes that need no conversion go straight to their place.
bool is_plain(const Segment& segment, const Request& request) {
  return !segment.piece->transposed && weights::is_same(segment.piece->type, request.dtype);
}

class Permit {
 public:
  Permit(std::counting_semaphore<>& compute, StageClock& clock) : compute_(compute) {
    if (compute_.try_acquire()) return;
    const InStage in(clock, Stage::kWait);
    compute_.acquire();
  }
  ~Permit() { compute_.release(); }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;

 private:
  std::counting_semaphore<>& compute_;
};

}  // namespace

DirectFile::DirectFile(const std::filesystem::path& path)
    : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT)) {}

DirectFile::~DirectFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<std::int64_t> DirectFile::read(std::int64_t begin, std::int64_t end,
                                             std::byte* buffer) const {
  const std::int64_t from = begin / kBlockBytes * kBlockBytes;
  const std::int64_t to = (end + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  for (std::int64_t at = from; at < end;) {
    const ssize_t count = ::pread(fd_, buffer + (at - from), static_cast<std::size_t>(to - at), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EINVAL) return std::nullopt;
    if (count < 0) throw Error("cannot read '{}': {}", path_.string(), std::strerror(errno));
    // Only the file's end may lie within a block.
    if (count % kBlockBytes != 0 && at + count < end) return std::nullopt;
    if (count == 0) {
      throw Error("'{}' ends at byte {}; it was cut short while in use, copy it again",
                  path_.string(), at);
    }
    at += count;
  }
  return begin - from;
}

ChunkSource::ChunkSource(LoadJob& job, const std::vector<Chunk>& chunks)
    : job_(job), chunks_(chunks), is_direct_(chunks.size(), false) {
  const config::LoadIo io = job.options.io;
  if (io == config::LoadIo::kBuffered) return;
  std::map<const weights::SafetensorsReader*, std::unique_ptr<Residency>> residencies;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const weights::SafetensorsReader* file = chunks[i].file;
    auto& residency = residencies[file];
    if (!residency) residency = std::make_unique<Residency>(file->file());
    if (io == config::LoadIo::kAuto && residency->seems_resident(chunks[i].begin, chunks[i].end)) {
      continue;
    }
    auto& direct = direct_files_[file];
    if (!direct) direct = std::make_unique<DirectFile>(file->path());
    is_direct_[i] = direct->is_open();
    if (io == config::LoadIo::kDirect && !direct->is_open()) {
      throw Error("'{}' is on a file system without direct reads; use load_io auto",
                  file->path().string());
    }
  }
}

bool ChunkSource::any_direct() const { return std::ranges::count(is_direct_, true) > 0; }

void ChunkSource::write(LoadReport& report) const {
  report.bytes_read += bytes_read_;
  report.bytes_direct += bytes_direct_;
}

void ChunkSource::load(std::size_t i, std::counting_semaphore<>& compute, std::byte* buffer,
                       std::vector<std::byte>& scratch, StageClock& clock) {
  const Chunk& chunk = chunks_[i];
  std::optional<Permit> permit;
  std::int64_t at = 0;
  if (is_direct_[i]) {
    at = read_direct(i, buffer, clock);
    permit.emplace(compute, clock);
  } else {
    permit.emplace(compute, clock);
    read_to_place(chunk, buffer, clock);
  }
  for (const Segment& segment : chunk.segments) {
    if (!is_direct_[i] && is_plain(segment, job_.request)) continue;
    place(*segment.piece, job_.request, segment.first, segment.count,
          buffer + at + (segment.begin() - chunk.begin), scratch, clock);
  }
}

std::int64_t ChunkSource::read(std::size_t i, std::byte* buffer, StageClock& clock) {
  if (is_direct_[i]) return read_direct(i, buffer, clock);
  const InStage in(clock, Stage::kRead);
  const Chunk& chunk = chunks_[i];
  const std::int64_t bytes = chunk.end - chunk.begin;
  chunk.file->file().read(chunk.begin, {buffer, static_cast<std::size_t>(bytes)});
  bytes_read_ += bytes;
  return 0;
}

std::int64_t ChunkSource::read_direct(std::size_t i, std::byte* buffer, StageClock& clock) {
  const InStage in(clock, Stage::kRead);
  const Chunk& chunk = chunks_[i];
  const std::int64_t bytes = chunk.end - chunk.begin;
  const auto at = direct_files_.at(chunk.file)->read(chunk.begin, chunk.end, buffer);
  bytes_read_ += bytes;
  if (at) {
    bytes_direct_ += bytes;
    return *at;
  }
  chunk.file->file().read(chunk.begin, {buffer, static_cast<std::size_t>(bytes)});
  return 0;
}

void ChunkSource::read_to_place(const Chunk& chunk, std::byte* buffer, StageClock& clock) {
  const InStage in(clock, Stage::kRead);
  std::vector<iovec> parts;
  for (const Segment& segment : chunk.segments) {
    std::byte* const to = is_plain(segment, job_.request)
                              ? destination_of(*segment.piece, job_.request) +
                                    segment.first * weights::element_bytes(job_.request.dtype)
                              : buffer + (segment.begin() - chunk.begin);
    parts.push_back({to, static_cast<std::size_t>(segment.end() - segment.begin())});
  }
  chunk.file->file().read(chunk.begin, parts);
  bytes_read_ += chunk.end - chunk.begin;
}

}  // namespace moebench::load
