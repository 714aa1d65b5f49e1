#include "harness/load/memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "harness/base/error.h"

namespace moebench::load {
Memory::Memory(std::int64_t bytes, Pages pages) {
  if (bytes == 0) return;
  const auto size = static_cast<std::size_t>(bytes);
  constexpr auto kHuge = static_cast<std::size_t>(kHugePageBytes);
  const bool huge = pages == Pages::kHuge;
  // Room to begin and end on a huge page; what lies outside is never touched.
  mapped_bytes_ = huge ? (size + kHuge - 1) / kHuge * kHuge + kHuge : size;
  mapping_ =
      ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) {
    mapping_ = nullptr;
    throw std::bad_alloc();
  }
  data_ = static_cast<std::byte*>(mapping_);
  if (!huge) return;
  const auto address = reinterpret_cast<std::uintptr_t>(mapping_);
  data_ += (kHuge - address % kHuge) % kHuge;
  // A system without huge pages refuses, and its own pages serve.
  ::madvise(data_, mapped_bytes_ - kHuge, MADV_HUGEPAGE);
}

Memory::~Memory() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapped_bytes_);
}

Memory& Memory::operator=(Memory&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(mapped_bytes_, other.mapped_bytes_);
  std::swap(data_, other.data_);
  return *this;
}

FileMapping::FileMapping(const weights::InputFile& file)
    : num_bytes_(static_cast<std::size_t>(file.size())) {
  mapping_ = ::mmap(nullptr, num_bytes_, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (mapping_ == MAP_FAILED) {
    throw Error("cannot map '{}': {}; use the loader direct", file.path().string(),
                std::strerror(errno));
  }
}

FileMapping::~FileMapping() { ::munmap(mapping_, num_bytes_); }

void touch_for_writing(std::byte* begin, std::int64_t bytes) {
  for (std::int64_t at = 0; at < bytes; at += kPageBytes) {
    *const_cast<volatile std::byte*>(begin + at) = std::byte{0};
  }
  if (bytes > 0) *const_cast<volatile std::byte*>(begin + bytes - 1) = std::byte{0};
}

void touch_for_reading(const std::byte* begin, std::int64_t bytes) {
  for (std::int64_t at = 0; at < bytes; at += kPageBytes) {
    static_cast<void>(*const_cast<const volatile std::byte*>(begin + at));
  }
  if (bytes > 0) static_cast<void>(*const_cast<const volatile std::byte*>(begin + bytes - 1));
}

}  // namespace moebench::load
