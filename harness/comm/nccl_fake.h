#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

// An NCCL without GPUs for tests, in two shared objects: nccl_fake, and nccl_fake_old of a version
// that is too old. It moves no data. The tests say what happens and see what was called.
namespace moebench::comm {

struct NcclFake {
  // Called by every collective, send and receive before it returns; gives the result, and may
  // block.
  std::function<int(const std::string& function)> on_call;
  std::atomic<int> asynchronous_error = 0;  // what ncclCommGetAsyncError finds

  std::atomic<int> polls = 0;  // calls of ncclCommGetAsyncError
  std::atomic<int> aborts = 0;
  std::atomic<int> destroyed = 0;
  // Uses of a communicator that is gone, and aborts while a function uses theirs.
  std::atomic<int> misuses = 0;

  std::mutex mutex;                // of what follows
  std::vector<std::string> calls;  // "ncclAllGather 0": the function and its communicator, from 0
  std::string launch_order;        // NCCL_LAUNCH_ORDER_IMPLICIT when a communicator was made
};

// Named moebench_nccl_fake: starts anew, and returns what is valid until the next call.
using NewNcclFake = NcclFake* (*)();

}  // namespace moebench::comm
