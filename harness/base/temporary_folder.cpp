#include "harness/base/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <system_error>

#include "harness/base/environment_variable.h"
#include "harness/base/system_error.h"

namespace moebench {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder(const std::string& prefix) {
  const fs::path where = environment_variable("TMPDIR").value_or("/tmp");
  std::string name = (where / (prefix + "-XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw_errno(errno, fmt::format("cannot make '{}' (let TMPDIR name a folder that you may write "
                                   "to, with room)",
                                   name));
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace moebench
