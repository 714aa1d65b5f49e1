#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace moebench::comm {

enum class ElementType { kFp32, kBf16 };

constexpr std::int64_t element_bytes(ElementType type) {
  return type == ElementType::kFp32 ? 4 : 2;
}

// A collective that has been started; wait() returns when its buffers may be used again.
class Pending {
 public:
  virtual ~Pending() = default;
  virtual void wait() = 0;
};

// A group of processes. Every call is collective over the group, in the same order on all ranks.
// Buffers are host memory, and send and receive buffers never overlap unless a call says so.
// A failing peer or library ends in Error (MPI's own handler would abort without a record).
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // receive = the concatenation of all ranks' `send`, by rank. send: `bytes`; receive: size x
  // bytes.
  virtual std::unique_ptr<Pending> start_all_gather(const void* send, void* receive,
                                                    std::int64_t bytes) = 0;
  void all_gather(const void* send, void* receive, std::int64_t bytes) {
    start_all_gather(send, receive, bytes)->wait();
  }

  // receive[i] (+)= sum over ranks of their send[rank() x count + i]: summed in fp32 in the order
  // of ranks, rounded once. send: size x count elements; receive: count. Adds to what is there when
  // `accumulate`.
  virtual void reduce_scatter(const void* send, void* receive, std::int64_t count, ElementType type,
                              bool accumulate) = 0;

  // Sends send_bytes[d] bytes to each rank d from consecutive pieces of `send`, and receives
  // receive_bytes[s] from each rank s into consecutive pieces of `receive`.
  virtual void all_to_all(const void* send, std::span<const std::int64_t> send_bytes, void* receive,
                          std::span<const std::int64_t> receive_bytes) = 0;

  // values[i] = sum over ranks, the same bits on every rank.
  virtual void all_reduce_sum(std::span<double> values) = 0;

  virtual void barrier() = 0;

  // Ranks with the same color form a new group, ordered by their rank here.
  virtual std::unique_ptr<Communicator> split(int color) = 0;
};

// The group of this process alone; needs no MPI.
std::unique_ptr<Communicator> self_communicator();

// All processes that mpirun or srun started; initialises MPI on the first call and finalises it
// when the program ends. Without a launcher it is a group of one.
std::unique_ptr<Communicator> mpi_world();

// Ends every process of the MPI world at once; for a rank that failed while others wait for it.
[[noreturn]] void abort_world(int exit_code);

// "Open MPI 4.1.4"-like text of the MPI library.
const char* mpi_library_version();

}  // namespace moebench::comm
