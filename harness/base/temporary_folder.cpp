#include "harness/base/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "harness/base/environment_variable.h"
#include "harness/base/error.h"

namespace moebench {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder(const std::string& prefix) {
  const fs::path where = environment_variable("TMPDIR").value_or("/tmp");
  std::string name = (where / (prefix + "-XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw Error("cannot make '{}': {}; let TMPDIR name a folder that you may write to", name,
                std::strerror(errno));
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace moebench
