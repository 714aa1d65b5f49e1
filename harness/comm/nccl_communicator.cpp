#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/bfloat16.h"
#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/comm/collective_range.h"
#include "harness/comm/device_communicators.h"
#include "harness/comm/pieces.h"
#include "harness/comm/watchdog.h"
#include "kernels/sum_parts/sum_parts_cuda.h"

namespace moebench::comm {
namespace {

std::int64_t to_ns(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

class NcclPending : public Pending {
 public:
  NcclPending(measure::NvtxRange range, std::shared_ptr<Event> done, DeviceStream compute)
      : range_(std::move(range)), done_(std::move(done)), compute_(compute) {}
  // It waits also when an exception passes: memory that comes back to libtorch's allocator is
  // reused in the order of the computing stream.
  ~NcclPending() override {
    try {
      done_->hold(compute_);
    } catch (const Error&) {  // The device has failed, and nothing computes on it any more.
    }
  }
  void wait() override {
    done_->hold(compute_);
    range_.end();
  }

 private:
  measure::NvtxRange range_;  // of the host's time: from the start to where it is waited for
  std::shared_ptr<Event> done_;
  DeviceStream compute_;
};

class NcclCommunicator : public Communicator {
 public:
  NcclCommunicator(Communicator& host, const DeviceOptions& options, const NcclLibrary& nccl,
                   DeviceRuntime& runtime)
      : host_(host), options_(options), nccl_(nccl), runtime_(runtime) {
    runtime_.use_device(options_.device);
    nccl::UniqueId id{};
    if (rank() == 0) check(nccl_.get_unique_id(&id), "ncclGetUniqueId");
    // The first rank's, to all.
    std::vector<nccl::UniqueId> ids(static_cast<std::size_t>(size()));
    host_.all_gather(&id, ids.data(), sizeof id);
    // All ranks are here by now; one that dies within this call ends the others by the launcher.
    check(nccl_.comm_init_rank(&comm_, size(), ids.front(), rank()), "ncclCommInitRank");
    watchdog_ = std::make_unique<Watchdog>(
        Watchdog::Hooks{.begin = [this] { runtime_.use_device(options_.device); },
                        .error = [this] { return asynchronous_error(); },
                        .abort = [this] { nccl_.comm_abort(comm_); }},
        Watchdog::Limits{to_ns(options_.time_limit_s), to_ns(options_.abort_grace_s)});
  }

  ~NcclCommunicator() override {
    try {
      runtime_.synchronize(stream_.get());  // What hangs there, the watchdog ends.
    } catch (const Error&) {  // The device has failed; NCCL's memory goes all the same.
    }
    watchdog_->stop();
    if (!watchdog_->failure().empty()) return;  // abort has freed it
    nccl_.comm_destroy(comm_);
  }
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  Communicator& host() override { return host_; }

  std::unique_ptr<Pending> start_all_gather(const void* send, void* receive,
                                            std::int64_t bytes) override {
    auto range = collective_range(collective_names().all_gather, bytes * size());
    return enqueue("all_gather", std::move(range), [&] {
      check(nccl_.all_gather(send, receive, static_cast<std::size_t>(bytes), nccl::kInt8, comm_,
                             stream_.get()),
            "ncclAllGather");
    });
  }

  std::unique_ptr<Pending> start_reduce_scatter(const void* send, void* receive, std::int64_t count,
                                                ElementType type, bool accumulate) override {
    auto range =
        collective_range(collective_names().reduce_scatter, count * element_bytes(type) * size());
    return enqueue("reduce_scatter", std::move(range),
                   [&] { reduce(send, receive, count, type, accumulate); });
  }

  // The sum appears in this rank's part of `receive`, from where it is gathered in place.
  std::unique_ptr<Pending> start_all_reduce(const void* send, void* receive, std::int64_t count,
                                            ElementType type, bool accumulate) override {
    MOEBENCH_CHECK(count % size() == 0);
    const std::int64_t part_bytes = count / size() * element_bytes(type);
    auto* part = static_cast<std::byte*>(receive) + rank() * part_bytes;
    auto range = collective_range(collective_names().all_reduce, part_bytes * size());
    return enqueue("all_reduce", std::move(range), [&] {
      reduce(send, part, count / size(), type, accumulate);
      check(nccl_.all_gather(part, receive, static_cast<std::size_t>(part_bytes), nccl::kInt8,
                             comm_, stream_.get()),
            "ncclAllGather");
    });
  }

  std::unique_ptr<Pending> start_all_to_all(const void* send,
                                            std::span<const std::int64_t> send_bytes, void* receive,
                                            std::span<const std::int64_t> receive_bytes) override {
    MOEBENCH_CHECK(std::ssize(send_bytes) == size() && std::ssize(receive_bytes) == size());
    auto range = collective_range(collective_names().all_to_all, total(send_bytes));
    return enqueue("all_to_all", std::move(range), [&] {
      exchange(static_cast<const std::byte*>(send), send_bytes, static_cast<std::byte*>(receive),
               receive_bytes);
    });
  }

  void all_reduce_sum(std::span<double> values) override { host_.all_reduce_sum(values); }
  void barrier() override { host_.barrier(); }

  // Asks NCCL as well: the watchdog looks ten times a second.
  void throw_if_failed() override {
    const Watchdog::Call call(*watchdog_, "ncclCommGetAsyncError");
    if (!call) throw aborted();
    const std::string error = asynchronous_error();
    if (!error.empty()) throw Error("NCCL failed: {}", error);
  }

  std::unique_ptr<Communicator> split(int) override {
    throw Error("split the host's group, and make a communicator for devices of each part");
  }

 private:
  // Hands over what `start` starts: behind what lies in the computing stream, under the eyes of the
  // watchdog, which frees `comm_` when it aborts.
  template <typename Start>
  std::unique_ptr<Pending> enqueue(const char* name, measure::NvtxRange range, const Start& start) {
    const Watchdog::Call call(*watchdog_, name);
    if (!call) throw aborted();
    ready_.record(options_.stream);
    ready_.hold(stream_.get());
    auto begun = std::make_shared<Event>(runtime_);
    begun->record(stream_.get());
    start();
    auto done = std::make_shared<Event>(runtime_);
    done->record(stream_.get());
    watchdog_->watch({.name = name,
                      .has_begun = [begun] { return begun->has_passed(); },
                      .is_done = [done] { return done->has_passed(); }});
    return std::make_unique<NcclPending>(std::move(range), std::move(done), options_.stream);
  }

  void reduce(const void* send, void* receive, std::int64_t count, ElementType type,
              bool accumulate) {
    if (type == ElementType::kFp32) {
      reduce(static_cast<const float*>(send), static_cast<float*>(receive), count, nccl::kFloat32,
             accumulate);
    } else {
      reduce(static_cast<const Bfloat16*>(send), static_cast<Bfloat16*>(receive), count,
             nccl::kBfloat16, accumulate);
    }
  }

  template <typename T>
  void reduce(const T* send, T* receive, std::int64_t count, nccl::DataType type, bool accumulate) {
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
    check(nccl_.reduce_scatter(send, sum, static_cast<std::size_t>(count), type, nccl::kSum, comm_,
                               stream_.get()),
          "ncclReduceScatter");
    if (accumulate) kernels::cuda::sum_parts(sum, count, 1, count, true, receive, stream_.get());
  }

  // Own part included: NCCL copies it.
  void exchange(const std::byte* send, std::span<const std::int64_t> send_bytes, std::byte* receive,
                std::span<const std::int64_t> receive_bytes) {
    check(nccl_.group_start(), "ncclGroupStart");
    for (int peer = 0; peer < size(); ++peer) {
      const std::int64_t out = send_bytes[static_cast<std::size_t>(peer)];
      const std::int64_t in = receive_bytes[static_cast<std::size_t>(peer)];
      if (out > 0) {
        check(nccl_.send(send, static_cast<std::size_t>(out), nccl::kInt8, peer, comm_,
                         stream_.get()),
              "ncclSend");
      }
      if (in > 0) {
        check(nccl_.receive(receive, static_cast<std::size_t>(in), nccl::kInt8, peer, comm_,
                            stream_.get()),
              "ncclRecv");
      }
      send += out;
      receive += in;
    }
    check(nccl_.group_end(), "ncclGroupEnd");
  }

  Error aborted() const { return Error("NCCL was aborted: {}", watchdog_->failure()); }

  void check(nccl::Result result, const char* call) const {
    if (result == nccl::kSuccess) return;
    // An abort ends the calls that hang, and is the reason to name; `comm_` may be gone by now.
    if (watchdog_ && !watchdog_->failure().empty()) throw aborted();
    throw Error("{}: {} ({}); NCCL_DEBUG=INFO shows more", call, nccl_.get_error_string(result),
                nccl_.get_last_error(comm_));
  }

  // Runs on the watchdog's thread, and within calls of others.
  std::string asynchronous_error() const {
    nccl::Result result = nccl::kSuccess;
    if (nccl_.comm_get_async_error(comm_, &result) != nccl::kSuccess) result = nccl::kInternalError;
    if (result == nccl::kSuccess) return "";
    return fmt::format("{} ({})", nccl_.get_error_string(result), nccl_.get_last_error(comm_));
  }

  Communicator& host_;
  DeviceOptions options_;
  const NcclLibrary& nccl_;
  DeviceRuntime& runtime_;
  Stream stream_{runtime_};
  Event ready_{runtime_};
  Workspace workspace_{runtime_};  // used in the order of the stream alone
  nccl::Comm comm_ = nullptr;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace

std::unique_ptr<Communicator> nccl_communicator(Communicator& host, const DeviceOptions& options,
                                                const NcclLibrary& nccl, DeviceRuntime& runtime) {
  return std::make_unique<NcclCommunicator>(host, options, nccl, runtime);
}

}  // namespace moebench::comm
