#pragma once

#include <fmt/format.h>
#include <sys/types.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "harness/base/temporary_folder.h"

namespace moebench::machine {

struct FakeProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  int start = 1000;  // jiffies
  std::string name = "python3";
  std::string command = "python3";
  int jiffies = 0;
  int rss_kib = 0;  // 0: it has ended and waits to be reaped
  int rss_peak_kib = 0;
  int pss_kib = 0;  // 0: it keeps it to itself
};

// A folder that holds made-up processes as /proc does.
class FakeProc {
 public:
  void set(const FakeProcess& process) {
    const std::filesystem::path folder = folder_.path() / std::to_string(process.pid);
    std::filesystem::create_directories(folder);
    write(folder / "stat",
          fmt::format("{} ({}) S {} 1 1 0 -1 0 0 0 0 0 {} 0 0 0 20 0 1 0 {} 0\n", process.pid,
                      process.name, process.parent, process.jiffies, process.start));
    std::string status = "Name:\t" + process.name + "\n";
    if (process.rss_kib > 0) {
      status +=
          fmt::format("VmHWM:\t{:8} kB\nVmRSS:\t{:8} kB\n", process.rss_peak_kib, process.rss_kib);
    }
    write(folder / "status", status);
    write(folder / "cmdline", process.command);
    write(folder / "smaps_rollup",
          process.pss_kib == 0
              ? ""
              : fmt::format("0-f ---p [rollup]\nRss: 1 kB\nPss: {} kB\n", process.pss_kib));
  }
  void remove(pid_t pid) { std::filesystem::remove_all(folder_.path() / std::to_string(pid)); }
  std::string path() const { return folder_.path(); }

 private:
  static void write(const std::filesystem::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }

  TemporaryFolder folder_;
};

}  // namespace moebench::machine
