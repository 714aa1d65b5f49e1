#include "harness/load/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/base/error.h"

namespace moebench::load {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSamplePages = 4;  // in each of kSamples places
constexpr std::int64_t kSamples = 4;
constexpr double kWarmShare = 0.99;

std::int64_t pages(std::int64_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes; }

}  // namespace

std::int64_t Residency::num_pages() const { return pages(num_bytes_); }

std::int64_t Residency::count_pages(std::int64_t begin, std::int64_t end) const {
  begin = begin / kPageBytes * kPageBytes;
  if (begin >= end) return 0;
  std::vector<unsigned char> flags(static_cast<std::size_t>(pages(end - begin)));
  // The mapping is never written; the system's signature knows no const.
  auto* const address = const_cast<std::byte*>(mapping_.data()) + begin;
  if (::mincore(address, static_cast<std::size_t>(end - begin), flags.data()) != 0) {
    throw Error("cannot tell what of a file is in the page cache: {}", std::strerror(errno));
  }
  return std::ranges::count_if(flags, [](unsigned char flag) { return (flag & 1) != 0; });
}

bool Residency::seems_resident(std::int64_t begin, std::int64_t end) const {
  begin = begin / kPageBytes * kPageBytes;
  const std::int64_t all = pages(end - begin);
  if (all <= kSamples * kSamplePages) return 16 * count_pages(begin, end) >= 15 * all;
  std::int64_t resident = 0;
  for (std::int64_t i = 0; i < kSamples; ++i) {
    const std::int64_t at = begin + (all - kSamplePages) * i / (kSamples - 1) * kPageBytes;
    resident += count_pages(at, std::min(at + kSamplePages * kPageBytes, end));
  }
  return 16 * resident >= 15 * kSamples * kSamplePages;
}

double resident_share(const std::vector<fs::path>& files) {
  std::int64_t resident = 0, all = 0;
  for (const fs::path& path : files) {
    const weights::InputFile file(path);
    const Residency residency(file);
    resident += residency.count_pages();
    all += residency.num_pages();
  }
  return all == 0 ? 1 : static_cast<double>(resident) / static_cast<double>(all);
}

void drop_from_page_cache(const std::vector<fs::path>& files) {
  for (const fs::path& path : files) {
    const weights::InputFile file(path);
    // Pages that wait to be written cannot be dropped.
    ::fdatasync(file.descriptor());
    ::posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
    const Residency residency(file);
    const std::int64_t left = residency.count_pages();
    if (left == 0) continue;
    throw Error(
        "{} of {} pages of '{}' stay in the page cache; end the programs that use the file and put "
        "it on a disk, or measure with a warm cache",
        left, residency.num_pages(), path.string());
  }
}

void fill_page_cache(const std::vector<fs::path>& files) {
  std::vector<std::byte> block(std::size_t{1} << 20);
  for (const fs::path& path : files) {
    const weights::InputFile file(path);
    for (std::int64_t at = 0; at < file.size(); at += std::ssize(block)) {
      const auto count = std::min<std::int64_t>(std::ssize(block), file.size() - at);
      file.read(at, std::span(block).first(static_cast<std::size_t>(count)));
    }
  }
  const double share = resident_share(files);
  if (share >= kWarmShare) return;
  throw Error(
      "only {:.0f} % of the checkpoint stay in the page cache after reading it; free memory, or "
      "measure with a cold cache",
      100 * share);
}

}  // namespace moebench::load
