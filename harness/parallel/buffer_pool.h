#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

namespace moebench::parallel {

// Flat buffers for gathered parameters and their gradients. With caching (the default) a released
// buffer is kept for the next unit of its size, which saves the page faults of fresh memory;
// without, it goes back to the allocator, so that the allocator's counters show what is in use.
class BufferPool {
 public:
  BufferPool(const at::TensorOptions& options, bool caching)
      : options_(options), caching_(caching) {}
  at::Tensor acquire(std::int64_t num_elements);
  void release(at::Tensor buffer);

 private:
  at::TensorOptions options_;  // dtype and device
  bool caching_;
  std::map<std::int64_t, std::vector<at::Tensor>> free_;
};

}  // namespace moebench::parallel
