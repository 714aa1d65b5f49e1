#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "harness/config/cell.h"
#include "harness/launch/launcher.h"

namespace moebench::launch {

// Shapes the links of test hosts (tools/testhosts) as cells ask for it, and at its end as they were
// before.
class Links {
 public:
  // `folder` has the hosts' state; `tool` is tools/testhosts.
  Links(std::filesystem::path folder, std::filesystem::path tool);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  // For the next repetition of the cell: where it says on how many hosts, at the rate of its
  // network, else as they were before. Error where the tool fails, which has said why.
  void shape_for(const config::CellConfig& cell);

 private:
  std::string rate() const;
  bool set(const std::string& rate) const;

  std::filesystem::path folder_, tool_;
  std::string before_;
};

// Null where the chosen hosts are no test hosts. Error where they are and the tool is missing.
std::shared_ptr<Links> find_links(const LauncherChoice& choice);

// Error where the cell's network needs test hosts, and there are none or they cannot be shaped.
void check_network(const config::CellConfig& cell, const LauncherChoice& choice,
                   const LaunchPlace& place);

}  // namespace moebench::launch
