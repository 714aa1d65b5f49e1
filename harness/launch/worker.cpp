#include "harness/launch/worker.h"

#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/base/suite_files.h"
#include "harness/launch/libraries.h"
#include "harness/launch/programs.h"

namespace moebench::launch {

namespace fs = std::filesystem;

fs::path find_worker() {
  const auto override_path = environment_variable("MOEBENCH_RANK_PROGRAM");
  const fs::path worker =
      override_path ? fs::absolute(*override_path) : own_program().parent_path() / "moebench-rank";
  if (is_program(worker)) return checked_worker(worker);
  throw Error(
      "the worker '{}' is no executable file; build it (cmake -DMOEBENCH_WITH_TORCH=ON), or let "
      "MOEBENCH_RANK_PROGRAM name it",
      worker.string());
}

fs::path checked_worker(const fs::path& worker) {
  library_environment(worker);
  return worker;
}

std::string worker_hash(const fs::path& worker) { return hash_hex(read_file(worker)); }

}  // namespace moebench::launch
