#include "harness/launch/hosts.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

#include "harness/base/environment_variable.h"
#include "harness/base/host_name.h"
#include "harness/base/parse.h"

namespace moebench::launch {
namespace {

using Names = std::set<std::string>;

bool is_here(const std::string& name) {
  const auto short_name = [](const std::string& text) { return text.substr(0, text.find('.')); };
  return name == "localhost" || name == "127.0.0.1" || short_name(name) == short_name(host_name());
}

Hosts hosts_of(const Names& names, const std::string& source) {
  return {static_cast<int>(names.size()), names.size() == 1 && is_here(*names.begin()), source};
}

// The first word of each line: nodefiles have no other, hostfiles have slots, '#' begins a remark.
std::optional<Names> names_in_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  Names names;
  for (std::string line; std::getline(in, line);) {
    std::string name;
    std::istringstream(line.substr(0, line.find('#'))) >> name;
    if (!name.empty()) names.insert(name);
  }
  return names.empty() ? std::nullopt : std::optional(names);
}

// "a a b"; with counts "a 4 b 2".
std::optional<Names> names_in_list(const std::string& text, bool has_counts) {
  std::istringstream words(text);
  Names names;
  std::string name, count;
  while (words >> name && (!has_counts || words >> count)) names.insert(name);
  return names.empty() ? std::nullopt : std::optional(names);
}

// "a:2,b" of --host.
std::optional<Names> names_in_option(const std::string& text) {
  std::istringstream items(text);
  Names names;
  for (std::string item; std::getline(items, item, ',');)
    names.insert(item.substr(0, item.find(':')));
  names.erase("");
  return names.empty() ? std::nullopt : std::optional(names);
}

std::optional<Hosts> from_arguments(const std::vector<std::string>& arguments) {
  enum class Kind { kFile, kList, kOther };
  struct Option {
    std::string_view name;
    Kind kind;
  };
  constexpr std::array kOptions = {Option{"hostfile", Kind::kFile},
                                   Option{"machinefile", Kind::kFile},
                                   Option{"default-hostfile", Kind::kFile},
                                   Option{"host", Kind::kList},
                                   Option{"H", Kind::kList},
                                   Option{"rankfile", Kind::kOther},
                                   Option{"rf", Kind::kOther}};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view word = arguments[i];
    if (!word.starts_with('-')) continue;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const auto option = std::ranges::find(kOptions, word, &Option::name);
    if (option == kOptions.end()) continue;
    const std::string value = i + 1 < arguments.size() ? arguments[i + 1] : "";
    std::optional<Names> names;
    if (option->kind == Kind::kFile) names = names_in_file(value);
    if (option->kind == Kind::kList) names = names_in_option(value);
    return hosts_of(names.value_or(Names{}), arguments[i]);
  }
  return std::nullopt;
}

// Slurm's list of one node is its name.
std::optional<Hosts> from_slurm() {
  if (!environment_variable("SLURM_JOB_ID")) return std::nullopt;
  for (const char* name : {"SLURM_JOB_NUM_NODES", "SLURM_NNODES"}) {
    const int count = parse_number<int>(environment_variable(name).value_or("")).value_or(0);
    if (count < 1) continue;
    const std::string nodes = environment_variable("SLURM_JOB_NODELIST").value_or("");
    return Hosts{count, count == 1 && (nodes.empty() || is_here(nodes)), name};
  }
  return Hosts{0, false, "SLURM_JOB_ID"};
}

std::optional<Hosts> from_variables() {
  enum class Kind { kFile, kList, kCountedList };
  struct Variable {
    const char* name;
    Kind kind;
  };
  // LSF cuts its lists short for large jobs, and then has the file alone.
  constexpr std::array kVariables = {Variable{"LSB_DJOB_HOSTFILE", Kind::kFile},
                                     Variable{"LSB_MCPU_HOSTS", Kind::kCountedList},
                                     Variable{"LSB_HOSTS", Kind::kList},
                                     Variable{"PBS_NODEFILE", Kind::kFile},
                                     Variable{"PE_HOSTFILE", Kind::kFile},
                                     Variable{"OMPI_MCA_orte_default_hostfile", Kind::kFile},
                                     Variable{"PRTE_MCA_prte_default_hostfile", Kind::kFile}};
  for (const Variable& entry : kVariables) {
    const std::string value = environment_variable(entry.name).value_or("");
    if (value.empty()) continue;
    const auto names = entry.kind == Kind::kFile
                           ? names_in_file(value)
                           : names_in_list(value, entry.kind == Kind::kCountedList);
    return hosts_of(names.value_or(Names{}), entry.name);
  }
  return std::nullopt;
}

}  // namespace

Hosts read_hosts(const std::vector<std::string>& launcher_arguments) {
  if (const auto hosts = from_arguments(launcher_arguments)) return *hosts;
  if (const auto hosts = from_slurm()) return *hosts;
  return from_variables().value_or(Hosts{});
}

}  // namespace moebench::launch
