#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <utility>

#include "kernels/gpu/cuda_error.h"

namespace moebench::comm {

// Device memory that grows with what is asked of it and is kept: allocating waits for the device.
class Workspace {
 public:
  Workspace() = default;
  ~Workspace() { cudaFree(data_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  void* take(std::int64_t bytes) {
    if (bytes > bytes_) {
      cudaFree(std::exchange(data_, nullptr));
      bytes_ = 0;
      kernels::check_cuda(cudaMalloc(&data_, static_cast<std::size_t>(bytes)),
                          "memory for a reduction");
      bytes_ = bytes;
    }
    return data_;
  }

 private:
  void* data_ = nullptr;
  std::int64_t bytes_ = 0;
};

// A point in a stream.
class Event {
 public:
  Event() {
    kernels::check_cuda(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming),
                        "cudaEventCreate");
  }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(cudaStream_t stream) {
    kernels::check_cuda(cudaEventRecord(event_, stream), "cudaEventRecord");
  }
  // What comes into the stream later begins after this point.
  void hold(cudaStream_t stream) const {
    kernels::check_cuda(cudaStreamWaitEvent(stream, event_, 0), "cudaStreamWaitEvent");
  }
  cudaEvent_t get() const { return event_; }
  bool has_passed() const { return cudaEventQuery(event_) == cudaSuccess; }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace moebench::comm
