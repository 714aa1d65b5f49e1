#include "harness/parallel/buffer_pool.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <utility>

namespace moebench::parallel {

at::Tensor BufferPool::acquire(std::int64_t num_elements) {
  auto& list = free_[num_elements];
  if (list.empty()) return at::empty({num_elements}, options_);
  at::Tensor buffer = std::move(list.back());
  list.pop_back();
  return buffer;
}

void BufferPool::release(at::Tensor buffer) {
  if (caching_) free_[buffer.numel()].push_back(std::move(buffer));
}

}  // namespace moebench::parallel
