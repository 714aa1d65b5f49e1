#pragma once

#include <cstdint>

namespace moebench::measure {

// Bytes of the largest cache that the system tells of; 0 where it tells none.
std::int64_t largest_cache_bytes();

// Bytes a second that a copy of `bytes` moves, read and written bytes both counted, each thread
// with a piece of its own: the best of a few. Take `bytes` well above the caches.
double copy_bytes_per_second(std::int64_t bytes, int num_threads);

}  // namespace moebench::measure
