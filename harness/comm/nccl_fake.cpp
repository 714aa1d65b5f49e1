// Stands in for libnccl.so.2; see nccl_fake.h.
#include "harness/comm/nccl_fake.h"

#include <cstdlib>
#include <memory>

#include "harness/comm/nccl_api.h"

#define MOEBENCH_EXPORT extern "C" __attribute__((visibility("default")))

namespace nccl = moebench::comm::nccl;
using moebench::comm::NcclFake;

struct nccl::ncclComm {
  int number = 0;
  std::atomic<bool> is_gone = false;
  std::atomic<int> users = 0;
};

namespace {

// Communicators are never freed, so that a use of one that is gone can be told.
std::vector<std::unique_ptr<nccl::ncclComm>> all;
auto fake = std::make_unique<NcclFake>();

bool is_alive(nccl::Comm comm) {
  if (comm != nullptr && !comm->is_gone) return true;
  ++fake->misuses;
  return false;
}

nccl::Result call(const std::string& function, nccl::Comm comm) {
  if (!is_alive(comm)) return nccl::kSystemError;
  ++comm->users;
  {
    const std::lock_guard lock(fake->mutex);
    fake->calls.push_back(function + " " + std::to_string(comm->number));
  }
  const nccl::Result result = fake->on_call ? fake->on_call(function) : nccl::kSuccess;
  --comm->users;
  return result;
}

nccl::Result end(nccl::Comm comm) {
  if (!is_alive(comm)) return nccl::kSystemError;
  if (comm->users > 0) ++fake->misuses;
  comm->is_gone = true;
  return nccl::kSuccess;
}

}  // namespace

MOEBENCH_EXPORT NcclFake* moebench_nccl_fake() {
  all.clear();
  fake = std::make_unique<NcclFake>();
  return fake.get();
}

MOEBENCH_EXPORT nccl::Result ncclGetVersion(int* version) {
#ifdef MOEBENCH_NCCL_FAKE_OLD
  *version = 22503;
#else
  *version = 22809;
#endif
  return nccl::kSuccess;
}

MOEBENCH_EXPORT nccl::Result ncclGetUniqueId(nccl::UniqueId*) { return nccl::kSuccess; }

MOEBENCH_EXPORT nccl::Result ncclCommInitRank(nccl::Comm* comm, int, nccl::UniqueId, int) {
  all.push_back(std::make_unique<nccl::ncclComm>());
  all.back()->number = static_cast<int>(all.size()) - 1;
  *comm = all.back().get();
  const char* order = std::getenv("NCCL_LAUNCH_ORDER_IMPLICIT");
  const std::lock_guard lock(fake->mutex);
  fake->launch_order = order == nullptr ? "" : order;
  return nccl::kSuccess;
}

MOEBENCH_EXPORT nccl::Result ncclCommDestroy(nccl::Comm comm) {
  ++fake->destroyed;
  return end(comm);
}

MOEBENCH_EXPORT nccl::Result ncclCommAbort(nccl::Comm comm) {
  const nccl::Result result = end(comm);
  ++fake->aborts;
  return result;
}

MOEBENCH_EXPORT nccl::Result ncclCommGetAsyncError(nccl::Comm comm, nccl::Result* error) {
  if (!is_alive(comm)) return nccl::kSystemError;
  *error = fake->asynchronous_error;
  ++fake->polls;
  return nccl::kSuccess;
}

MOEBENCH_EXPORT const char* ncclGetErrorString(nccl::Result result) {
  return result == nccl::kRemoteError ? "remote process exited" : "unhandled system error";
}

MOEBENCH_EXPORT const char* ncclGetLastError(nccl::Comm comm) {
  is_alive(comm);
  return "the last words";
}

MOEBENCH_EXPORT nccl::Result ncclAllGather(const void*, void*, std::size_t, nccl::DataType,
                                           nccl::Comm comm, nccl::Stream) {
  return call("ncclAllGather", comm);
}

MOEBENCH_EXPORT nccl::Result ncclReduceScatter(const void*, void*, std::size_t, nccl::DataType,
                                               nccl::Operation, nccl::Comm comm, nccl::Stream) {
  return call("ncclReduceScatter", comm);
}

MOEBENCH_EXPORT nccl::Result ncclSend(const void*, std::size_t, nccl::DataType, int,
                                      nccl::Comm comm, nccl::Stream) {
  return call("ncclSend", comm);
}

MOEBENCH_EXPORT nccl::Result ncclRecv(void*, std::size_t, nccl::DataType, int, nccl::Comm comm,
                                      nccl::Stream) {
  return call("ncclRecv", comm);
}

MOEBENCH_EXPORT nccl::Result ncclGroupStart() { return nccl::kSuccess; }
MOEBENCH_EXPORT nccl::Result ncclGroupEnd() { return nccl::kSuccess; }
