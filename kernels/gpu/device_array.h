#pragma once

#include <cstdint>
#include <vector>

#include "kernels/gpu/cuda_error.h"

namespace moebench::kernels {

// Device memory for tests and benchmarks; copies wait until they are done. What is never written is
// a NaN or -1.
template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(std::int64_t count) : count_(static_cast<std::size_t>(count)) {
    // An empty array has an address too.
    check_cuda(cudaMalloc(&data_, (count_ + 1) * sizeof(T)), "cudaMalloc");
    check_cuda(cudaMemset(data_, 0xff, (count_ + 1) * sizeof(T)), "cudaMemset");
  }
  explicit DeviceArray(const std::vector<T>& values)
      : DeviceArray(static_cast<std::int64_t>(values.size())) {
    check_cuda(cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice),
               "copy to the device");
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() { return static_cast<T*>(data_); }
  std::int64_t size() const { return static_cast<std::int64_t>(count_); }
  std::vector<T> values() const {
    std::vector<T> values(count_);
    check_cuda(cudaMemcpy(values.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost),
               "copy from the device");
    return values;
  }

 private:
  std::size_t count_;
  void* data_ = nullptr;
};

}  // namespace moebench::kernels
