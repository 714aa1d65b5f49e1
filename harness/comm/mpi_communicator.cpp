#define OMPI_SKIP_MPICXX 1  // the C interface only
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/scratch_buffer.h"
#include "harness/comm/collective_range.h"
#include "harness/comm/communicator.h"
#include "harness/comm/pieces.h"
#include "harness/comm/progress_thread.h"
#include "harness/comm/reduce.h"
#include "harness/measure/clock.h"
#include "harness/measure/message_times.h"

namespace moebench::comm {
namespace {

void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error("{} failed: {}; another rank probably ended, see its rank file and stderr", call,
              std::string(text, static_cast<std::size_t>(length)));
}

// MPI counts are ints: messages travel as 64-byte blocks, then as the bytes that remain.
constexpr std::int64_t kBlockBytes = 64;

MPI_Datatype block_type() {
  static const MPI_Datatype type = [] {
    MPI_Datatype made;
    check_mpi(MPI_Type_contiguous(kBlockBytes, MPI_BYTE, &made), "MPI_Type_contiguous");
    check_mpi(MPI_Type_commit(&made), "MPI_Type_commit");
    return made;
  }();
  return type;
}

struct Count {
  int count;
  MPI_Datatype type;
};

Count message_count(std::int64_t bytes) {
  constexpr std::int64_t kMaxInt = 0x7fffffff;
  if (bytes <= kMaxInt) return {static_cast<int>(bytes), MPI_BYTE};
  if (bytes % kBlockBytes != 0 || bytes / kBlockBytes > kMaxInt) {
    throw Error("a message of {} bytes is too large for MPI; use more ranks", bytes);
  }
  return {static_cast<int>(bytes / kBlockBytes), block_type()};
}

// Between two looks messages travel out of and into the system's buffers, megabytes a socket.
constexpr std::chrono::milliseconds kNap(1);

bool wants_progress_thread = false;
std::unique_ptr<ProgressThread> progress_thread;  // null: nobody wants one

class MpiPending : public Pending, private ProgressThread::Message {
 public:
  // `finish`: what is left to do when all have arrived.
  MpiPending(measure::NvtxRange range, std::vector<MPI_Request> requests,
             std::function<void()> finish = {})
      : range_(std::move(range)), requests_(std::move(requests)), finish_(std::move(finish)) {
    if (progress_thread) progress_thread->begin(*this);
  }
  // It completes also when an exception passes: the library may still write into the buffers.
  ~MpiPending() override { complete(); }
  void wait() override {
    check_mpi(complete(), "MPI_Waitall");
    if (finish_) std::exchange(finish_, {})();
    range_.end();
  }

 private:
  bool look() override {
    int is_there = 0;
    code_ = MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &is_there,
                        MPI_STATUSES_IGNORE);
    if (is_there != 0) times_.done_ns = measure::now_ns();
    return is_there != 0 || code_ != MPI_SUCCESS;
  }

  // Requests that are complete are null from then on.
  int complete() {
    if (std::exchange(is_complete_, true)) return MPI_SUCCESS;
    if (progress_thread) progress_thread->end(*this);
    times_.wait_begin_ns = measure::now_ns();
    const int code = code_ != MPI_SUCCESS ? code_
                                          : MPI_Waitall(static_cast<int>(requests_.size()),
                                                        requests_.data(), MPI_STATUSES_IGNORE);
    // Without the thread nobody knows when messages have arrived.
    if (progress_thread) {
      times_.wait_end_ns = measure::now_ns();
      if (times_.done_ns == 0) times_.done_ns = times_.wait_begin_ns;
      measure::add_message(times_);
    }
    return code;
  }

  measure::NvtxRange range_;
  std::vector<MPI_Request> requests_;
  std::function<void()> finish_;
  measure::MessageTimes times_{.phase = measure::current_phase(), .started_ns = measure::now_ns()};
  int code_ = MPI_SUCCESS;  // of the last look
  bool is_complete_ = false;
};

class MpiCommunicator : public Communicator {
 public:
  explicit MpiCommunicator(MPI_Comm comm) : comm_(comm) {
    check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check_mpi(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
  }
  ~MpiCommunicator() override {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (!finalized) MPI_Comm_free(&comm_);
  }
  MpiCommunicator(const MpiCommunicator&) = delete;
  MpiCommunicator& operator=(const MpiCommunicator&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  std::unique_ptr<Pending> start_all_gather(const void* send, void* receive,
                                            std::int64_t bytes) override {
    auto range = collective_range(collective_names().all_gather, bytes * size_);
    const Count c = message_count(bytes);
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Iallgather(send, c.count, c.type, receive, c.count, c.type, comm_, &request),
              "MPI_Iallgather");
    return std::make_unique<MpiPending>(std::move(range), std::vector{request});
  }

  std::unique_ptr<Pending> start_reduce_scatter(const void* send, void* receive, std::int64_t count,
                                                ElementType type, bool accumulate) override {
    const std::int64_t bytes = count * element_bytes(type);
    auto range = collective_range(collective_names().reduce_scatter, bytes * size_);
    const auto* own = static_cast<const std::byte*>(send);
    const Staging received = take_staging();
    std::vector<const void*> parts(static_cast<std::size_t>(size_));
    std::vector<Message> sends, receives;
    std::byte* next = received->take(bytes * (size_ - 1));
    for (int peer = 0; peer < size_; ++peer) {
      if (peer == rank_) {
        parts[static_cast<std::size_t>(peer)] = own + peer * bytes;
        continue;
      }
      sends.push_back({peer, const_cast<std::byte*>(own) + peer * bytes, bytes});
      receives.push_back({peer, next, bytes});
      parts[static_cast<std::size_t>(peer)] = next;
      next += bytes;
    }
    return std::make_unique<MpiPending>(std::move(range), exchange(sends, receives),
                                        [this, received, parts, count, type, accumulate, receive] {
                                          sum_parts(parts, count, type, accumulate, receive);
                                          staging_.push_back(received);
                                        });
  }

  std::unique_ptr<Pending> start_all_to_all(const void* send,
                                            std::span<const std::int64_t> send_bytes, void* receive,
                                            std::span<const std::int64_t> receive_bytes) override {
    MOEBENCH_CHECK(std::ssize(send_bytes) == size_ && std::ssize(receive_bytes) == size_);
    auto range = collective_range(collective_names().all_to_all, total(send_bytes));
    std::vector<Message> sends, receives;
    auto* from = static_cast<std::byte*>(const_cast<void*>(send));
    auto* to = static_cast<std::byte*>(receive);
    const std::byte* own_from = nullptr;
    std::byte* own_to = nullptr;
    for (int peer = 0; peer < size_; ++peer) {
      const std::int64_t out = send_bytes[static_cast<std::size_t>(peer)];
      const std::int64_t in = receive_bytes[static_cast<std::size_t>(peer)];
      if (peer == rank_) {
        MOEBENCH_CHECK(out == in);
        own_from = from;
        own_to = to;
      } else {
        sends.push_back({peer, from, out});
        receives.push_back({peer, to, in});
      }
      from += out;
      to += in;
    }
    auto requests = exchange(sends, receives);
    std::copy(own_from, own_from + send_bytes[static_cast<std::size_t>(rank_)], own_to);
    return std::make_unique<MpiPending>(std::move(range), std::move(requests));
  }

  void all_reduce_sum(std::span<double> values) override {
    // Gathered and summed in the order of ranks: the same bits on every rank and in every run.
    const auto range = collective_range(collective_names().all_reduce,
                                        static_cast<std::int64_t>(values.size_bytes()));
    std::vector<double> all(values.size() * static_cast<std::size_t>(size_));
    const int count = static_cast<int>(values.size());
    check_mpi(MPI_Allgather(values.data(), count, MPI_DOUBLE, all.data(), count, MPI_DOUBLE, comm_),
              "MPI_Allgather");
    std::fill(values.begin(), values.end(), 0.0);
    for (std::size_t i = 0; i < all.size(); ++i) values[i % values.size()] += all[i];
  }

  void barrier() override { check_mpi(MPI_Barrier(comm_), "MPI_Barrier"); }

  std::unique_ptr<Communicator> split(int color) override {
    MPI_Comm made;
    check_mpi(MPI_Comm_split(comm_, color, rank_, &made), "MPI_Comm_split");
    return std::make_unique<MpiCommunicator>(made);
  }

 private:
  struct Message {
    int peer;
    std::byte* data;
    std::int64_t bytes;
  };

  // Two exchanges of a pair of ranks may be on their way at once: MPI keeps their order.
  std::vector<MPI_Request> exchange(const std::vector<Message>& sends,
                                    const std::vector<Message>& receives) {
    constexpr int kTag = 1;
    std::vector<MPI_Request> requests;
    for (const Message& p : receives) {
      const Count c = message_count(p.bytes);
      check_mpi(MPI_Irecv(p.data, c.count, c.type, p.peer, kTag, comm_, &requests.emplace_back()),
                "MPI_Irecv");
    }
    for (const Message& p : sends) {
      const Count c = message_count(p.bytes);
      check_mpi(MPI_Isend(p.data, c.count, c.type, p.peer, kTag, comm_, &requests.emplace_back()),
                "MPI_Isend");
    }
    return requests;
  }

  using Staging = std::shared_ptr<ScratchBuffer>;

  Staging take_staging() {
    if (staging_.empty()) return std::make_shared<ScratchBuffer>();
    Staging staging = std::move(staging_.back());
    staging_.pop_back();
    return staging;
  }

  MPI_Comm comm_;
  int rank_ = 0;
  int size_ = 1;
  std::vector<Staging> staging_;  // kept: fresh pages cost more than the exchange
};

}  // namespace

void use_progress_thread() { wants_progress_thread = true; }

void finalize_world() {
  int initialized = 0, finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  progress_thread.reset();
  if (initialized && !finalized) MPI_Finalize();
}

std::unique_ptr<Communicator> mpi_world() {
  int initialized = 0;
  MPI_Initialized(&initialized);
  if (!initialized) {
    int provided = 0;
    const int wanted = wants_progress_thread ? MPI_THREAD_MULTIPLE : MPI_THREAD_FUNNELED;
    check_mpi(MPI_Init_thread(nullptr, nullptr, wanted, &provided), "MPI_Init_thread");
    std::atexit(finalize_world);
    if (wants_progress_thread && provided < MPI_THREAD_MULTIPLE) {
      throw Error(
          "this MPI library allows no second thread, which is to move messages meanwhile; "
          "use one built for MPI_THREAD_MULTIPLE, or cells with prefetch 0");
    }
    if (wants_progress_thread) progress_thread = std::make_unique<ProgressThread>(kNap);
  }
  MPI_Comm copy;
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &copy), "MPI_Comm_dup");
  return std::make_unique<MpiCommunicator>(copy);
}

void abort_world(int exit_code) {
  int initialized = 0;
  MPI_Initialized(&initialized);
  if (initialized) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

const char* mpi_library_version() {
  static const std::string version = [] {
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    MPI_Get_library_version(text, &length);
    const std::string whole(text, static_cast<std::size_t>(length));
    return whole.substr(0, whole.find(','));
  }();
  return version.c_str();
}

}  // namespace moebench::comm
