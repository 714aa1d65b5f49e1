#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace moebench::comm {

enum class ElementType { kFp32, kBf16 };

constexpr std::int64_t element_bytes(ElementType type) {
  return type == ElementType::kFp32 ? 4 : 2;
}

// A collective that has been started; wait() returns when its buffers may be used again. Any number
// may be on their way; its group must outlive it.
class Pending {
 public:
  virtual ~Pending() = default;
  virtual void wait() = 0;
};

struct DeviceOptions;

// A group of processes. Every call is collective over the group, in the same order on all ranks.
// Buffers are host memory, unless the group was made by on_device(), and send and receive buffers
// never overlap unless a call says so.
// A failing peer or library ends in Error (MPI's own handler would abort without a record).
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Returns the same ranks for buffers in host memory: itself, unless it is for device memory.
  virtual Communicator& host() { return *this; }
  // Makes a group of the same ranks for buffers in device memory, see device_communicator.h. This
  // group must outlive it. Collective.
  virtual std::unique_ptr<Communicator> on_device(const DeviceOptions& options);

  // receive = the concatenation of all ranks' `send`, by rank. send: `bytes`; receive: size x
  // bytes.
  virtual std::unique_ptr<Pending> start_all_gather(const void* send, void* receive,
                                                    std::int64_t bytes) = 0;
  void all_gather(const void* send, void* receive, std::int64_t bytes) {
    start_all_gather(send, receive, bytes)->wait();
  }

  // receive[i] (+)= sum over ranks of their send[rank() x count + i]: summed in fp32 in the order
  // of ranks, rounded once. send: size x count elements; receive: count. Adds to what is there when
  // `accumulate`. What is sent may be overwritten, and the sum read, after wait() alone.
  virtual std::unique_ptr<Pending> start_reduce_scatter(const void* send, void* receive,
                                                        std::int64_t count, ElementType type,
                                                        bool accumulate) = 0;
  virtual void reduce_scatter(const void* send, void* receive, std::int64_t count, ElementType type,
                              bool accumulate) {
    start_reduce_scatter(send, receive, count, type, accumulate)->wait();
  }

  // receive[i] (+)= sum over ranks of their send[i], as a reduce-scatter sums: the same bits on
  // every rank. `count`: a multiple of size(). `send` may be `receive` unless `accumulate`, which
  // asks for the same values in `receive` on all ranks. Here a reduce-scatter and a gather of its
  // parts; wait() is collective, too.
  virtual std::unique_ptr<Pending> start_all_reduce(const void* send, void* receive,
                                                    std::int64_t count, ElementType type,
                                                    bool accumulate);
  void all_reduce(const void* send, void* receive, std::int64_t count, ElementType type,
                  bool accumulate) {
    start_all_reduce(send, receive, count, type, accumulate)->wait();
  }

  // Sends send_bytes[d] bytes to each rank d from consecutive pieces of `send`, and receives
  // receive_bytes[s] from each rank s into consecutive pieces of `receive`.
  virtual std::unique_ptr<Pending> start_all_to_all(
      const void* send, std::span<const std::int64_t> send_bytes, void* receive,
      std::span<const std::int64_t> receive_bytes) = 0;
  virtual void all_to_all(const void* send, std::span<const std::int64_t> send_bytes, void* receive,
                          std::span<const std::int64_t> receive_bytes) {
    start_all_to_all(send, send_bytes, receive, receive_bytes)->wait();
  }

  // values[i] = sum over ranks, the same bits on every rank.
  virtual void all_reduce_sum(std::span<double> values) = 0;

  virtual void barrier() = 0;

  // Ranks with the same color form a new group, ordered by their rank here.
  virtual std::unique_ptr<Communicator> split(int color) = 0;

  // Throws Error where a collective that nobody on the host waits for has failed: on device memory,
  // for after a synchronisation with the device. Elsewhere each call has thrown its own.
  virtual void throw_if_failed() {}
};

// The group of this process alone; needs no MPI.
std::unique_ptr<Communicator> self_communicator();

// All processes that mpirun or srun started; initialises MPI on the first call and finalises it
// when the program ends. Without a launcher it is a group of one.
std::unique_ptr<Communicator> mpi_world();

// Does for MPI what the program's end does, where it ends in another way. All ranks must come here.
void finalize_world();

// Ends every process of the MPI world at once; for a rank that failed while others wait for it.
[[noreturn]] void abort_world(int exit_code);

// "Open MPI 4.1.4"-like text of the MPI library.
const char* mpi_library_version();

}  // namespace moebench::comm
