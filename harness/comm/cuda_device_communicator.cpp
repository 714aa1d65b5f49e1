// Device communicators on CUDA's runtime and the installed NCCL.
#include <cuda_runtime_api.h>
#include <nccl.h>

#include <string>
#include <type_traits>

#include "harness/comm/device_communicators.h"
#include "harness/comm/nccl_library.h"
#include "kernels/gpu/cuda_error.h"

namespace moebench::comm {
namespace {

using kernels::check_cuda;

static_assert(std::is_same_v<DeviceStream, cudaStream_t>);
static_assert(std::is_same_v<DeviceEvent, cudaEvent_t>);

// nccl_api.h says what nccl.h says.
static_assert(sizeof(nccl::Comm) == sizeof(ncclComm_t));
static_assert(sizeof(nccl::UniqueId) == sizeof(ncclUniqueId));
static_assert(sizeof(nccl::Result) == sizeof(ncclResult_t));
static_assert(sizeof(nccl::DataType) == sizeof(ncclDataType_t));
static_assert(sizeof(nccl::Operation) == sizeof(ncclRedOp_t));
static_assert(nccl::kSuccess == ncclSuccess && nccl::kSystemError == ncclSystemError &&
              nccl::kInternalError == ncclInternalError && nccl::kRemoteError == ncclRemoteError);
static_assert(nccl::kInt8 == ncclInt8 && nccl::kFloat32 == ncclFloat32 &&
              nccl::kBfloat16 == ncclBfloat16 && nccl::kSum == ncclSum);

class CudaRuntime : public DeviceRuntime {
 public:
  void use_device(int device) override { check_cuda(cudaSetDevice(device), "cudaSetDevice"); }

  DeviceStream make_stream() override {
    DeviceStream stream = nullptr;
    check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
    return stream;
  }
  void free_stream(DeviceStream stream) noexcept override { cudaStreamDestroy(stream); }
  void synchronize(DeviceStream stream) override {
    check_cuda(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  }

  DeviceEvent make_event() override {
    DeviceEvent event = nullptr;
    check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreate");
    return event;
  }
  void free_event(DeviceEvent event) noexcept override { cudaEventDestroy(event); }
  void record(DeviceEvent event, DeviceStream stream) override {
    check_cuda(cudaEventRecord(event, stream), "cudaEventRecord");
  }
  void hold(DeviceStream stream, DeviceEvent event) override {
    check_cuda(cudaStreamWaitEvent(stream, event, 0), "cudaStreamWaitEvent");
  }
  bool has_passed(DeviceEvent event) noexcept override {
    return cudaEventQuery(event) == cudaSuccess;
  }

  void* allocate(std::int64_t bytes) override {
    void* memory = nullptr;
    check_cuda(cudaMalloc(&memory, static_cast<std::size_t>(bytes)), "memory for a reduction");
    return memory;
  }
  void free(void* memory) noexcept override { cudaFree(memory); }
  void copy_to_host(void* to, const void* from, std::int64_t bytes, DeviceStream stream) override {
    copy(to, from, bytes, cudaMemcpyDeviceToHost, stream);
  }
  void copy_to_device(void* to, const void* from, std::int64_t bytes,
                      DeviceStream stream) override {
    copy(to, from, bytes, cudaMemcpyHostToDevice, stream);
  }

 private:
  static void copy(void* to, const void* from, std::int64_t bytes, cudaMemcpyKind kind,
                   DeviceStream stream) {
    check_cuda(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), kind, stream),
               "a copy between host and device");
    check_cuda(cudaStreamSynchronize(stream), "a copy between host and device");
  }
};

}  // namespace

DeviceRuntime& cuda_runtime() {
  static CudaRuntime runtime;
  return runtime;
}

std::unique_ptr<Communicator> device_communicator(Communicator& host,
                                                  const DeviceOptions& options) {
  if (options.transport == DeviceTransport::kHost) {
    return staged_communicator(host, options, cuda_runtime());
  }
  return nccl_communicator(host, options, nccl_library(), cuda_runtime());
}

const char* nccl_version() {
  static const std::string text = nccl_library().version();
  return text.c_str();
}

}  // namespace moebench::comm
