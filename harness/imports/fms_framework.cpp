#include "harness/imports/fms_framework.h"

#include "harness/base/parse.h"

namespace moebench::imports {
namespace {

constexpr std::string_view kMoe = "moe-";
constexpr std::string_view kSampleEnd = "-sample-configuration.yaml";

// The first word of a name, which is taken off its front.
std::string_view take_word(std::string_view& name) {
  const std::string_view word = name.substr(0, name.find('-'));
  name.remove_prefix(std::min(word.size() + 1, name.size()));
  return word;
}

// "ep2" -> "2"
std::string_view degree_of(std::string_view word) {
  if (!word.starts_with("ep")) return {};
  word.remove_prefix(2);
  return parse_number<int>(word) ? word : std::string_view();
}

}  // namespace

FmsFramework parse_fms_framework(std::string_view text) {
  std::string_view name = text.substr(text.find_last_of('/') + 1);
  if (name.ends_with(kSampleEnd)) name.remove_suffix(kSampleEnd.size());
  FmsFramework found;
  if (name.empty() || name == "none") return found;
  if (!name.starts_with(kMoe)) {
    found.acceleration = name;
    return found;
  }
  name.remove_prefix(kMoe.size());
  found.is_moe = true;
  found.expert_kernel = take_word(name);
  found.parallelism = "ep";
  found.ep_degree.clear();
  // Between the kernel and the degree stands the family of models that a configuration is for.
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view degree = degree_of(take_word(rest));
    if (degree.empty()) continue;
    found.ep_degree = degree;
    if (degree == "1") found.parallelism = "fsdp";
    name = rest;
    break;
  }
  if (!name.empty()) found.acceleration = name;
  return found;
}

}  // namespace moebench::imports
