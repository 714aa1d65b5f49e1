#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "harness/load/memory.h"
#include "harness/weights/raw_file.h"

namespace moebench::load {

// Tells which pages of a file are in the page cache. To a process that neither owns the file nor
// may write it, the system calls them all resident.
class Residency {
 public:
  explicit Residency(const weights::InputFile& file) : mapping_(file), num_bytes_(file.size()) {}

  // Resident pages of bytes [begin, end).
  std::int64_t count_pages(std::int64_t begin, std::int64_t end) const;
  std::int64_t count_pages() const { return count_pages(0, num_bytes_); }
  std::int64_t num_pages() const;

  // Tells whether at least 15 of 16 pages of bytes [begin, end) seem to be resident, by a sample.
  bool seems_resident(std::int64_t begin, std::int64_t end) const;

 private:
  FileMapping mapping_;
  std::int64_t num_bytes_;
};

// Resident pages of all pages of the files, 0 to 1.
double resident_share(const std::vector<std::filesystem::path>& files);

// Drops the files' pages from the page cache and verifies that none is left; Error with the remedy
// where some stay (they are in use, or the files live in memory).
void drop_from_page_cache(const std::vector<std::filesystem::path>& files);

// Reads the files once. Error where they do not stay in the page cache.
void fill_page_cache(const std::vector<std::filesystem::path>& files);

}  // namespace moebench::load
