#include "harness/launch/links.h"

#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/suite_files.h"
#include "harness/base/system_error.h"
#include "harness/launch/programs.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUsualHosts = "/run/moebench-testhosts/hosts";

// Its exit code. In a process group of its own, so that a Ctrl-C for the driver does not end it
// halfway; run_process() would start nothing any more.
int run_to_its_end(std::array<std::string, 5> words) {
  std::array<char*, 6> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int failure =
      ::posix_spawn(&pid, arguments[0], nullptr, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (failure != 0) throw_errno(failure, "cannot run '" + words[0] + "'");
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Of test hosts `set` says which of the machine's networks is theirs.
bool are_test_hosts(const fs::path& hosts_file) {
  std::error_code ignored;
  return !hosts_file.empty() && fs::exists(fs::absolute(hosts_file).parent_path() / "set", ignored);
}

fs::path tool_path() { return own_program().parent_path() / "moebench-testhosts"; }

}  // namespace

Links::Links(fs::path folder, fs::path tool)
    : folder_(std::move(folder)), tool_(std::move(tool)), before_(rate()) {}

Links::~Links() {
  try {
    if (!before_.empty() && rate() != before_) set(before_);
  } catch (const Error&) {  // the tool has said why, or is not there any more
  }
}

void Links::shape_for(const config::CellConfig& cell) {
  const std::string& wanted = cell.nodes > 1 ? cell.network : before_;
  if (wanted.empty() || rate() == wanted) return;
  if (!set(wanted)) {
    throw SystemError(fmt::format("'{} --in {} rate {}' failed, see above", tool_.string(),
                                  folder_.string(), wanted));
  }
}

// "" while nobody knows it: somebody is shaping them, or was stopped halfway.
std::string Links::rate() const {
  std::error_code ignored;
  const fs::path file = folder_ / "rate";
  if (!fs::exists(file, ignored)) return "";
  std::string text = read_file(file);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

bool Links::set(const std::string& rate) const {
  return run_to_its_end({tool_.string(), "--in", folder_.string(), "rate", rate}) == 0;
}

std::shared_ptr<Links> find_links(const LauncherChoice& choice) {
  if (!are_test_hosts(choice.hosts_file)) return nullptr;
  if (!is_program(tool_path())) {
    throw Error(
        "'{}', which shapes the links of test hosts, is no executable file; build or install "
        "it again",
        tool_path().string());
  }
  return std::make_shared<Links>(fs::absolute(choice.hosts_file).parent_path(), tool_path());
}

void check_network(const config::CellConfig& cell, const LauncherChoice& choice,
                   const LaunchPlace& place) {
  if (cell.network == config::kLocalNetwork) return;
  if (!are_test_hosts(choice.hosts_file)) {
    throw Error(
        "network {} needs hosts whose links can be shaped: tools/testhosts up {} (as root), then "
        "--hosts {}; or select cells with --filter network={}",
        cell.network, cell.nodes, kUsualHosts, config::kLocalNetwork);
  }
  if (!place.is_root) {
    throw Error("network {}: only root shapes the links of test hosts; start moebench as root",
                cell.network);
  }
}

}  // namespace moebench::launch
