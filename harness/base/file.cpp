#include "harness/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "harness/base/error.h"
#include "harness/base/output_file.h"
#include "harness/base/system_error.h"

namespace moebench {
namespace {

std::string cannot_write(const std::filesystem::path& path) {
  return "cannot write '" + path.string() + "'";
}

void write_and_close(int fd, std::string_view content, const std::filesystem::path& path) {
  bool ok = true;
  while (ok && !content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    ok = written >= 0;
    if (ok) content.remove_prefix(static_cast<std::size_t>(written));
  }
  ok = ok && ::fsync(fd) == 0;
  const int saved_errno = errno;
  ::close(fd);
  if (!ok) throw_errno(saved_errno, cannot_write(path));
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error("cannot read '{}': {}", path.string(), std::strerror(errno));
  std::ostringstream content;
  content << in.rdbuf();
  if (in.bad() || std::filesystem::is_directory(path)) {
    throw Error("cannot read '{}': it is no regular, readable file", path.string());
  }
  return std::move(content).str();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  OutputFile file(path);
  file.append(content);
  file.commit();
}

void append_line(const std::filesystem::path& path, std::string_view line) {
  std::string text(line);
  text += '\n';
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) throw_errno(errno, cannot_write(path));
  write_and_close(fd, text, path);
}

}  // namespace moebench
