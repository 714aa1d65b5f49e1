#include "harness/comm/nccl_library.h"

#include <dlfcn.h>

#include <string>

#include "harness/base/error.h"
#include "harness/comm/device_communicator.h"

namespace moebench::comm {
namespace {

template <typename Function>
void look_up(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  if (function == nullptr) {
    throw Error("NCCL has no {}: {}; install NCCL 2.28 or newer", name, ::dlerror());
  }
}

NcclLibrary load() {
  // libtorch's CUDA library has brought its own by now; this finds the same.
  void* library = ::dlopen("libnccl.so.2", RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    throw Error("NCCL does not load: {}; `tools/setup --cuda` installs it", ::dlerror());
  }
  NcclLibrary all{};
  look_up(library, "ncclGetVersion", all.get_version);
  look_up(library, "ncclGetUniqueId", all.get_unique_id);
  look_up(library, "ncclCommInitRank", all.comm_init_rank);
  look_up(library, "ncclCommDestroy", all.comm_destroy);
  look_up(library, "ncclCommAbort", all.comm_abort);
  look_up(library, "ncclCommGetAsyncError", all.comm_get_async_error);
  look_up(library, "ncclGetErrorString", all.get_error_string);
  look_up(library, "ncclGetLastError", all.get_last_error);
  look_up(library, "ncclAllGather", all.all_gather);
  look_up(library, "ncclReduceScatter", all.reduce_scatter);
  look_up(library, "ncclSend", all.send);
  look_up(library, "ncclRecv", all.receive);
  look_up(library, "ncclGroupStart", all.group_start);
  look_up(library, "ncclGroupEnd", all.group_end);
  return all;
}

}  // namespace

const NcclLibrary& nccl() {
  static const NcclLibrary library = load();
  return library;
}

const char* nccl_version() {
  static const std::string text = [] {
    int version = 0;
    nccl().get_version(&version);
    return fmt::format("NCCL {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
  }();
  return text.c_str();
}

}  // namespace moebench::comm
