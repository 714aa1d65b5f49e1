#include "harness/load/limits.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>

#include "harness/load/chunk_reader.h"
#include "harness/measure/clock.h"

namespace moebench::load {
namespace {

constexpr int kRepeats = 3;
constexpr std::int64_t kMaxCopyBytes = std::int64_t{256} << 20;
constexpr std::int64_t kReadBytes = 4 << 20;
constexpr std::int64_t kReaders = 4;

// A piece of a file that is read at once.
struct Read {
  const DirectFile* file;
  std::int64_t begin, end;
};

// Large reads from `begin` of all files on, around their end, until `bytes` are covered.
std::vector<Read> plan(const std::vector<std::unique_ptr<DirectFile>>& files,
                       const std::vector<std::int64_t>& sizes, std::int64_t begin,
                       std::int64_t bytes) {
  std::vector<Read> reads;
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (std::int64_t at = 0; at < sizes[i]; at += kReadBytes) {
      reads.push_back({files[i].get(), at, std::min(at + kReadBytes, sizes[i])});
    }
  }
  if (reads.empty()) return reads;
  const auto first = begin / kReadBytes % std::ssize(reads);
  std::rotate(reads.begin(), reads.begin() + first, reads.end());
  const auto count =
      std::min<std::int64_t>(std::ssize(reads), (bytes + kReadBytes - 1) / kReadBytes);
  reads.resize(static_cast<std::size_t>(count));
  return reads;
}

}  // namespace

std::int64_t copy_time_ns(std::int64_t bytes, std::int64_t threads) {
  const std::int64_t size = std::max<std::int64_t>(1, std::min(bytes, kMaxCopyBytes));
  const Memory from(size, Memory::Pages::kHuge), to(size, Memory::Pages::kHuge);
  touch_for_writing(from.data(), size);
  touch_for_writing(to.data(), size);
  std::int64_t best = INT64_MAX;
  for (int i = 0; i < kRepeats; ++i) {
    StageClock clock;
    const measure::Stopwatch watch;
    run_workers(clock, threads, [&](StageClock&, std::int64_t worker) {
      const std::int64_t begin = size * worker / threads, end = size * (worker + 1) / threads;
      std::memcpy(to.data() + begin, from.data() + begin, static_cast<std::size_t>(end - begin));
    });
    best = std::min(best, watch.elapsed_ns());
  }
  return static_cast<std::int64_t>(static_cast<double>(best) * static_cast<double>(bytes) /
                                   static_cast<double>(size));
}

std::optional<double> disk_bytes_per_second(const std::vector<std::filesystem::path>& paths,
                                            std::int64_t begin, std::int64_t bytes) {
  std::vector<std::unique_ptr<DirectFile>> files;
  std::vector<std::int64_t> sizes;
  for (const auto& path : paths) {
    files.push_back(std::make_unique<DirectFile>(path));
    sizes.push_back(weights::InputFile(path).size());
    if (!files.back()->is_open()) return std::nullopt;
  }
  const std::vector<Read> reads = plan(files, sizes, begin, bytes);
  std::int64_t covered = 0;
  for (const Read& read : reads) covered += read.end - read.begin;
  const Memory buffers(kReaders * kReadBytes, Memory::Pages::kHuge);
  touch_for_writing(buffers.data(), kReaders * kReadBytes);
  double best = 0;
  for (int i = 0; i < kRepeats; ++i) {
    std::atomic<std::size_t> next{0};
    std::atomic<bool> refused{false};
    StageClock clock;
    const measure::Stopwatch watch;
    run_workers(clock, kReaders, [&](StageClock&, std::int64_t worker) {
      std::byte* const buffer = buffers.data() + worker * kReadBytes;
      for (std::size_t r = next++; r < reads.size(); r = next++) {
        if (!reads[r].file->read(reads[r].begin, reads[r].end, buffer)) refused = true;
      }
    });
    if (refused) return std::nullopt;
    best = std::max(best, static_cast<double>(covered) / static_cast<double>(watch.elapsed_ns()));
  }
  return best * 1e9;
}

}  // namespace moebench::load
