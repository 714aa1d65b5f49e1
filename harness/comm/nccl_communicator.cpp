#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/bfloat16.h"
#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/comm/collective_range.h"
#include "harness/comm/device_communicators.h"
#include "harness/comm/device_memory.h"
#include "harness/comm/nccl_library.h"
#include "harness/comm/pieces.h"
#include "harness/comm/watchdog.h"
#include "kernels/sum_parts/sum_parts_cuda.h"

namespace moebench::comm {
namespace {

using kernels::check_cuda;

std::int64_t to_ns(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

// A non-blocking stream: the default one, which libtorch computes in, does not wait for it.
class Stream {
 public:
  Stream() {
    check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

class NcclPending : public Pending {
 public:
  NcclPending(measure::NvtxRange range, std::shared_ptr<Event> done, cudaStream_t compute)
      : range_(std::move(range)), done_(std::move(done)), compute_(compute) {}
  // Also when an exception passes: memory that comes back to libtorch's allocator is reused in the
  // order of the computing stream.
  ~NcclPending() override { cudaStreamWaitEvent(compute_, done_->get(), 0); }
  void wait() override {
    done_->hold(compute_);
    range_.end();
  }

 private:
  measure::NvtxRange range_;  // of the host's time: from the start to where it is waited for
  std::shared_ptr<Event> done_;
  cudaStream_t compute_;
};

class NcclCommunicator : public Communicator {
 public:
  NcclCommunicator(Communicator& host, const DeviceOptions& options)
      : host_(host), options_(options) {
    check_cuda(cudaSetDevice(options_.device), "cudaSetDevice");
    ncclUniqueId id{};
    if (rank() == 0) check(nccl().get_unique_id(&id), "ncclGetUniqueId");
    // The first rank's, to all.
    std::vector<ncclUniqueId> ids(static_cast<std::size_t>(size()));
    host_.all_gather(&id, ids.data(), sizeof id);
    // All ranks are here by now; one that dies within this call ends the others by the launcher.
    check(nccl().comm_init_rank(&comm_, size(), ids.front(), rank()), "ncclCommInitRank");
    watchdog_ = std::make_unique<Watchdog>(
        Watchdog::Hooks{.begin = [this] { cudaSetDevice(options_.device); },
                        .error = [this] { return asynchronous_error(); },
                        .abort = [this] { nccl().comm_abort(comm_); }},
        to_ns(options_.time_limit_s));
  }

  ~NcclCommunicator() override {
    cudaStreamSynchronize(stream_.get());
    const bool is_aborted = !watchdog_->failure().empty();
    watchdog_.reset();
    if (is_aborted) return;  // abort has freed it
    nccl().comm_destroy(comm_);
  }
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  Communicator& host() override { return host_; }

  std::unique_ptr<Pending> start_all_gather(const void* send, void* receive,
                                            std::int64_t bytes) override {
    auto range = collective_range(collective_names().all_gather, bytes * size());
    begin();
    check(nccl().all_gather(send, receive, static_cast<std::size_t>(bytes), ncclInt8, comm_,
                            stream_.get()),
          "ncclAllGather");
    return end("all_gather", std::move(range));
  }

  std::unique_ptr<Pending> start_reduce_scatter(const void* send, void* receive, std::int64_t count,
                                                ElementType type, bool accumulate) override {
    auto range =
        collective_range(collective_names().reduce_scatter, count * element_bytes(type) * size());
    begin();
    if (type == ElementType::kFp32) {
      reduce(static_cast<const float*>(send), static_cast<float*>(receive), count, ncclFloat32,
             accumulate);
    } else {
      reduce(static_cast<const Bfloat16*>(send), static_cast<Bfloat16*>(receive), count,
             ncclBfloat16, accumulate);
    }
    return end("reduce_scatter", std::move(range));
  }

  std::unique_ptr<Pending> start_all_to_all(const void* send,
                                            std::span<const std::int64_t> send_bytes, void* receive,
                                            std::span<const std::int64_t> receive_bytes) override {
    MOEBENCH_CHECK(std::ssize(send_bytes) == size() && std::ssize(receive_bytes) == size());
    auto range = collective_range(collective_names().all_to_all, total(send_bytes));
    begin();
    exchange(static_cast<const std::byte*>(send), send_bytes, static_cast<std::byte*>(receive),
             receive_bytes);
    return end("all_to_all", std::move(range));
  }

  void all_reduce_sum(std::span<double> values) override { host_.all_reduce_sum(values); }
  void barrier() override { host_.barrier(); }

  std::unique_ptr<Communicator> split(int) override {
    throw Error("split the host's group, and make a communicator for devices of each part");
  }

 private:
  void begin() {
    const std::string failure = watchdog_->failure();
    if (!failure.empty()) throw Error("NCCL was aborted: {}", failure);
    ready_.record(options_.stream);
    ready_.hold(stream_.get());
  }

  std::unique_ptr<Pending> end(const char* name, measure::NvtxRange range) {
    auto done = std::make_shared<Event>();
    done->record(stream_.get());
    watchdog_->watch(name, [done] { return done->has_passed(); });
    return std::make_unique<NcclPending>(std::move(range), std::move(done), options_.stream);
  }

  template <typename T>
  void reduce(const T* send, T* receive, std::int64_t count, ncclDataType_t type, bool accumulate) {
    const auto bytes = count * static_cast<std::int64_t>(sizeof(T));
    if (options_.sum_in_fp32) {
      const std::vector<std::int64_t> pieces(static_cast<std::size_t>(size()), bytes);
      auto* parts = static_cast<T*>(workspace_.take(bytes * size()));
      exchange(reinterpret_cast<const std::byte*>(send), pieces,
               reinterpret_cast<std::byte*>(parts), pieces);
      kernels::cuda::sum_parts(parts, count, size(), count, accumulate, receive, stream_.get());
      return;
    }
    T* sum = accumulate ? static_cast<T*>(workspace_.take(bytes)) : receive;
    check(nccl().reduce_scatter(send, sum, static_cast<std::size_t>(count), type, ncclSum, comm_,
                                stream_.get()),
          "ncclReduceScatter");
    if (accumulate) kernels::cuda::sum_parts(sum, count, 1, count, true, receive, stream_.get());
  }

  // Own part included: NCCL copies it.
  void exchange(const std::byte* send, std::span<const std::int64_t> send_bytes, std::byte* receive,
                std::span<const std::int64_t> receive_bytes) {
    check(nccl().group_start(), "ncclGroupStart");
    for (int peer = 0; peer < size(); ++peer) {
      const std::int64_t out = send_bytes[static_cast<std::size_t>(peer)];
      const std::int64_t in = receive_bytes[static_cast<std::size_t>(peer)];
      if (out > 0) {
        check(
            nccl().send(send, static_cast<std::size_t>(out), ncclInt8, peer, comm_, stream_.get()),
            "ncclSend");
      }
      if (in > 0) {
        check(nccl().receive(receive, static_cast<std::size_t>(in), ncclInt8, peer, comm_,
                             stream_.get()),
              "ncclRecv");
      }
      send += out;
      receive += in;
    }
    check(nccl().group_end(), "ncclGroupEnd");
  }

  void check(ncclResult_t result, const char* call) const {
    if (result == ncclSuccess) return;
    throw Error("{}: {} ({}); NCCL_DEBUG=INFO shows more", call, nccl().get_error_string(result),
                nccl().get_last_error(comm_));
  }

  // On the watchdog's thread.
  std::string asynchronous_error() const {
    ncclResult_t result = ncclSuccess;
    if (nccl().comm_get_async_error(comm_, &result) != ncclSuccess) result = ncclInternalError;
    if (result == ncclSuccess) return "";
    return fmt::format("{} ({})", nccl().get_error_string(result), nccl().get_last_error(comm_));
  }

  Communicator& host_;
  DeviceOptions options_;
  Stream stream_;
  Event ready_;
  Workspace workspace_;  // used in the order of the stream alone
  ncclComm_t comm_ = nullptr;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace

std::unique_ptr<Communicator> nccl_communicator(Communicator& host, const DeviceOptions& options) {
  return std::make_unique<NcclCommunicator>(host, options);
}

std::unique_ptr<Communicator> device_communicator(Communicator& host,
                                                  const DeviceOptions& options) {
  return options.transport == DeviceTransport::kNccl ? nccl_communicator(host, options)
                                                     : staged_communicator(host, options);
}

}  // namespace moebench::comm
