#include "harness/profile/gpu/cupti_tracer.h"

#include <cupti.h>

#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/measure/clock.h"
#include "harness/profile/gpu/cuda_driver.h"
#include "harness/profile/gpu/cupti_error.h"
#include "harness/profile/gpu/cupti_records.h"

namespace moebench::profile_gpu {
namespace {

// These are what a device does, device memory, the calls that launched it all, and NVTX ranges,
// which come where NVTX_INJECTION64_PATH has NVTX load CUPTI.
constexpr CUpti_ActivityKind kKinds[] = {
    CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, CUPTI_ACTIVITY_KIND_MEMCPY,
    CUPTI_ACTIVITY_KIND_MEMCPY2,           CUPTI_ACTIVITY_KIND_MEMSET,
    CUPTI_ACTIVITY_KIND_MEMORY2,           CUPTI_ACTIVITY_KIND_MARKER,
    CUPTI_ACTIVITY_KIND_RUNTIME,           CUPTI_ACTIVITY_KIND_DRIVER};

constexpr std::size_t kBufferBytes = 8 << 20;  // some 25,000 launched kernels with their calls
constexpr std::size_t kMaxBuffers = 256;       // what comes on top is dropped, and counted

// Lends CUPTI memory for records and keeps what it returns, on threads of its own.
class Buffers {
 public:
  struct Filled {
    std::uint8_t* bytes;
    std::size_t valid_bytes;
  };

  // CUPTI may still return a buffer while the process ends.
  static Buffers& get() {
    static auto* const buffers = new Buffers;
    return *buffers;
  }

  std::uint8_t* lend() {
    const std::lock_guard lock(mutex_);
    if (num_lent_ == kMaxBuffers) return nullptr;
    auto* bytes =
        static_cast<std::uint8_t*>(std::aligned_alloc(ACTIVITY_RECORD_ALIGNMENT, kBufferBytes));
    if (bytes != nullptr) ++num_lent_;
    return bytes;
  }

  void keep(std::uint8_t* bytes, std::size_t valid_bytes) {
    const std::lock_guard lock(mutex_);
    filled_.push_back({bytes, valid_bytes});
  }

  std::vector<Filled> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(filled_, {});
  }

  void free(const std::vector<Filled>& filled) {
    for (const Filled& buffer : filled) std::free(buffer.bytes);
    const std::lock_guard lock(mutex_);
    num_lent_ -= filled.size();
  }

 private:
  std::mutex mutex_;
  std::vector<Filled> filled_;
  std::size_t num_lent_ = 0;
};

void CUPTIAPI on_request(std::uint8_t** buffer, std::size_t* size, std::size_t* max_records) {
  *buffer = Buffers::get().lend();
  *size = *buffer != nullptr ? kBufferBytes : 0;
  *max_records = 0;  // as many as fit
}

void CUPTIAPI on_complete(CUcontext, std::uint32_t, std::uint8_t* buffer, std::size_t,
                          std::size_t valid_bytes) {
  if (buffer != nullptr) Buffers::get().keep(buffer, valid_bytes);
}

// The library writes the records, the headers read them.
void check_version() {
  std::uint32_t version = 0;
  check_cupti(cuptiGetVersion(&version), "asking CUPTI for its version");
  if (version != 0 && version < CUPTI_API_VERSION) {
    throw Error(
        "libcupti has API version {}, the build's headers have {}; run tools/setup, and "
        "build again with the CUDA toolkit of the installed libraries",
        version, CUPTI_API_VERSION);
  }
}

std::uint64_t CUPTIAPI read_clock() { return static_cast<std::uint64_t>(measure::now_ns()); }

std::int64_t take_num_dropped() {
  std::size_t dropped = 0;
  check_cupti(cuptiActivityGetNumDroppedRecords(nullptr, 0, &dropped), "counting dropped records");
  return static_cast<std::int64_t>(dropped);
}

bool is_tracing = false;

}  // namespace

class CuptiTracer::State {
 public:
  State() {
    MOEBENCH_CHECK(!is_tracing);
    check_version();
    CudaDriver::get().synchronize();
    set_up();
    discard_earlier();
    is_tracing = true;
    try {
      enable();
    } catch (...) {
      end();
      throw;
    }
  }

  ~State() {
    if (is_tracing) end();
  }

  GpuTrace stop() {
    CudaDriver::get().synchronize();
    check_cupti(disable(), "ending a GPU trace");
    // Forced: an incomplete record would keep its whole buffer back.
    check_cupti(cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED), "ending a GPU trace");
    CuptiDecoder decoder;
    const auto filled = Buffers::get().take();
    for (const auto& buffer : filled) decoder.add(buffer.bytes, buffer.valid_bytes);
    Buffers::get().free(filled);
    GpuTrace trace = decoder.take();
    trace.dropped += take_num_dropped();
    is_tracing = false;
    return trace;
  }

 private:
  // Anew for each trace: libtorch's Kineto sets a clock and callbacks of its own when it starts on
  // a machine with a GPU, even to record the CPU alone.
  static void set_up() {
    constexpr const char* kWhat = "setting up a GPU trace";
    check_cupti(cuptiActivityRegisterCallbacks(on_request, on_complete), kWhat);
    // CUPTI matches the device's clock with this one, so that all records have its times.
    check_cupti(cuptiActivityRegisterTimestampCallback(read_clock), kWhat);
    // gettid() of the thread that called, as PhaseLog has it.
    check_cupti(cuptiSetThreadIdType(CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM), kWhat);
  }

  void enable() {
    for (const CUpti_ActivityKind kind : kKinds) {
      check_cupti(cuptiActivityEnable(kind), "starting a GPU trace");
      enabled_.push_back(kind);
    }
    // libtorch asks these all the time, and they launch nothing. Where CUPTI records them all the
    // same, the trace is only dearer.
    cuptiActivityEnableRuntimeApi(CUPTI_RUNTIME_TRACE_CBID_cudaGetDevice_v3020, 0);
    cuptiActivityEnableDriverApi(CUPTI_DRIVER_TRACE_CBID_cuCtxGetCurrent, 0);
    cuptiActivityEnableDriverApi(CUPTI_DRIVER_TRACE_CBID_cuDevicePrimaryCtxGetState, 0);
  }

  // Frees what a trace that ended by an exception left behind.
  static void discard_earlier() {
    Buffers::get().free(Buffers::get().take());
    take_num_dropped();
  }

  // The first failure, after all were tried.
  CUptiResult disable() {
    CUptiResult worst = CUPTI_SUCCESS;
    for (const CUpti_ActivityKind kind : std::exchange(enabled_, {})) {
      const CUptiResult result = cuptiActivityDisable(kind);
      if (worst == CUPTI_SUCCESS) worst = result;
    }
    return worst;
  }

  // Ends it where nobody wants the records.
  void end() {
    disable();
    cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
    Buffers::get().free(Buffers::get().take());
    is_tracing = false;
  }

  std::vector<CUpti_ActivityKind> enabled_;
};

std::string CuptiTracer::why_unavailable() { return CudaDriver::get().why_no_device(); }

CuptiTracer::CuptiTracer() {
  const std::string reason = why_unavailable();
  if (!reason.empty()) throw Unsupported(reason);
  state_ = std::make_unique<State>();
}

CuptiTracer::~CuptiTracer() = default;

GpuTrace CuptiTracer::stop() {
  GpuTrace trace = state_->stop();
  state_.reset();
  return trace;
}

}  // namespace moebench::profile_gpu
