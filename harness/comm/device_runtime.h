#pragma once

#include <cstdint>
#include <utility>

#include "kernels/gpu/tile.h"

// CUDA's event, declared here so that no CUDA header is needed.
struct CUevent_st;

namespace moebench::comm {

using DeviceStream = kernels::CudaStream;
using DeviceEvent = CUevent_st*;

// Offers what communicators on device memory need of the device: CUDA's runtime, or what stands in
// for it in tests. All but the calls that give back throw Error; any thread may call.
class DeviceRuntime {
 public:
  virtual ~DeviceRuntime() = default;
  // The calls of this thread are for `device` from now on.
  virtual void use_device(int device) = 0;

  // A stream that the default one, which libtorch computes in, does not wait for.
  virtual DeviceStream make_stream() = 0;
  virtual void free_stream(DeviceStream stream) noexcept = 0;
  virtual void synchronize(DeviceStream stream) = 0;

  virtual DeviceEvent make_event() = 0;
  virtual void free_event(DeviceEvent event) noexcept = 0;
  virtual void record(DeviceEvent event, DeviceStream stream) = 0;
  // Work that comes into the stream later begins after the point that the event has recorded.
  virtual void hold(DeviceStream stream, DeviceEvent event) = 0;
  virtual bool has_passed(DeviceEvent event) noexcept = 0;

  virtual void* allocate(std::int64_t bytes) = 0;
  virtual void free(void* memory) noexcept = 0;
  // Both copy in the order of the stream, and the copy is over when they return.
  virtual void copy_to_host(void* to, const void* from, std::int64_t bytes,
                            DeviceStream stream) = 0;
  virtual void copy_to_device(void* to, const void* from, std::int64_t bytes,
                              DeviceStream stream) = 0;
};

// Only builds with CUDA have it.
DeviceRuntime& cuda_runtime();

// Owns a stream.
class Stream {
 public:
  explicit Stream(DeviceRuntime& runtime) : runtime_(runtime), stream_(runtime.make_stream()) {}
  ~Stream() { runtime_.free_stream(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  DeviceStream get() const { return stream_; }

 private:
  DeviceRuntime& runtime_;
  DeviceStream stream_;
};

// A point in a stream.
class Event {
 public:
  explicit Event(DeviceRuntime& runtime) : runtime_(runtime), event_(runtime.make_event()) {}
  ~Event() { runtime_.free_event(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(DeviceStream stream) { runtime_.record(event_, stream); }
  void hold(DeviceStream stream) const { runtime_.hold(stream, event_); }
  bool has_passed() const { return runtime_.has_passed(event_); }

 private:
  DeviceRuntime& runtime_;
  DeviceEvent event_;
};

// Device memory that grows with what is asked of it and is kept: allocating waits for the device.
class Workspace {
 public:
  explicit Workspace(DeviceRuntime& runtime) : runtime_(runtime) {}
  ~Workspace() { runtime_.free(data_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  void* take(std::int64_t bytes) {
    if (bytes > bytes_) {
      runtime_.free(std::exchange(data_, nullptr));
      bytes_ = 0;
      data_ = runtime_.allocate(bytes);
      bytes_ = bytes;
    }
    return data_;
  }

 private:
  DeviceRuntime& runtime_;
  void* data_ = nullptr;
  std::int64_t bytes_ = 0;
};

}  // namespace moebench::comm
