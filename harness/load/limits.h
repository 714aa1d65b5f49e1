#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace moebench::load {

// These measure what no way to load can be faster than.

// Nanoseconds that memcpy takes for `bytes`, between memory that exists on huge pages, on so many
// threads: the best of a few.
std::int64_t copy_time_ns(std::int64_t bytes, std::int64_t threads);

// Bytes a second that large reads past the page cache reach on about `bytes` of the files, from
// `begin` of all of them on: the best of a few. nullopt where the file system knows no such reads.
std::optional<double> disk_bytes_per_second(const std::vector<std::filesystem::path>& files,
                                            std::int64_t begin, std::int64_t bytes);

}  // namespace moebench::load
