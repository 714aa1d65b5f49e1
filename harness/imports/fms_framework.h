#pragma once

#include <string>
#include <string_view>

namespace moebench::imports {

// What a framework_config of fms-acceleration's benchmarks says in the words of our axes.
struct FmsFramework {
  std::string parallelism = "fsdp";
  std::string ep_degree = "1";  // empty: all GPUs
  std::string expert_kernel = "loop";
  std::string acceleration = "none";  // the other plugins: "padding-free-foak"
  bool is_moe = false;                // whether it names a plugin for experts
};

// "none", "foak-fast-kernels", "moe-megablocks", "moe-scattermoe-granite-ep2-padding-free", or the
// path of a sample configuration of that name. Of megablocks the degree is that of all GPUs, and
// scattermoe's ep1 is FSDP with another kernel. What is no plugin for experts is acceleration.
FmsFramework parse_fms_framework(std::string_view text);

}  // namespace moebench::imports
