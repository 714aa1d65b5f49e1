#include "harness/launch/hosts.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/base/host_name.h"
#include "harness/base/parse.h"

namespace moebench::launch {
namespace {

using Slots = std::vector<HostSlots>;

bool is_here(const std::string& name) {
  return name == "localhost" || name == "127.0.0.1" ||
         short_host_name(name) == short_host_name(host_name());
}

Hosts hosts_of(const Slots& slots, const std::string& source, HostsOrigin origin) {
  return {static_cast<int>(slots.size()), slots.size() == 1 && is_here(slots.front().name), source,
          origin, slots};
}

// "slots=4" of a hostfile, "4" of Grid Engine's file; one where nothing is said.
int slots_in(const std::string& word) {
  const std::string number = word.starts_with("slots=") ? word.substr(6) : word;
  return std::max(parse_number<int>(number).value_or(1), 1);
}

// The first word of each line: nodefiles have no other, hostfiles have slots, '#' begins a remark.
Slots slots_in_file(const std::string& path) {
  std::ifstream in(path);
  Slots slots;
  for (std::string line; std::getline(in, line);) {
    std::string name, number;
    std::istringstream(line.substr(0, line.find('#'))) >> name >> number;
    if (!name.empty()) add_slots(slots, {name, slots_in(number)});
  }
  return slots;
}

// "a a b"; with counts "a 4 b 2".
Slots slots_in_list(const std::string& text, bool has_counts) {
  std::istringstream words(text);
  Slots slots;
  std::string name, count;
  while (words >> name && (!has_counts || words >> count)) {
    add_slots(slots, {name, slots_in(count)});
  }
  return slots;
}

// "a:2,b" of --host.
Slots slots_in_option(const std::string& text) {
  std::istringstream items(text);
  Slots slots;
  for (std::string item; std::getline(items, item, ',');) {
    const std::size_t colon = item.find(':');
    if (colon == 0 || item.empty()) continue;
    const std::string number = colon == std::string::npos ? "" : item.substr(colon + 1);
    add_slots(slots, {item.substr(0, colon), slots_in(number)});
  }
  return slots;
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
    Slots slots;
    if (option->kind == Kind::kFile) slots = slots_in_file(value);
    if (option->kind == Kind::kList) slots = slots_in_option(value);
    return hosts_of(slots, arguments[i], HostsOrigin::kArguments);
  }
  return std::nullopt;
}

// "4(x2),8" of SLURM_JOB_CPUS_PER_NODE: two nodes with 4, one with 8.
Slots slurm_cores(const std::string& text, int count) {
  std::istringstream items(text);
  Slots slots;
  for (std::string item; std::getline(items, item, ',');) {
    const std::size_t bracket = item.find("(x");
    const auto cores = parse_number<int>(item.substr(0, bracket));
    const auto nodes = bracket == std::string::npos
                           ? 1
                           : parse_number<int>(item.substr(bracket + 2, item.size() - bracket - 3));
    if (!cores || !nodes) return {};
    for (int i = 0; i < *nodes; ++i) slots.push_back({"", *cores});
  }
  return static_cast<int>(slots.size()) == count ? slots : Slots{};
}

// Slurm's list of one node is its name.
std::optional<Hosts> from_slurm() {
  if (!environment_variable("SLURM_JOB_ID")) return std::nullopt;
  for (const char* name : {"SLURM_JOB_NUM_NODES", "SLURM_NNODES"}) {
    const int count = parse_number<int>(environment_variable(name).value_or("")).value_or(0);
    if (count < 1) continue;
    const std::string nodes = environment_variable("SLURM_JOB_NODELIST").value_or("");
    const std::string cores = environment_variable("SLURM_JOB_CPUS_PER_NODE").value_or("");
    return Hosts{count, count == 1 && (nodes.empty() || is_here(nodes)), name,
                 HostsOrigin::kAllocation, slurm_cores(cores, count)};
  }
  return Hosts{0, false, "SLURM_JOB_ID", HostsOrigin::kAllocation};
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
    return hosts_of(entry.kind == Kind::kFile
                        ? slots_in_file(value)
                        : slots_in_list(value, entry.kind == Kind::kCountedList),
                    entry.name, HostsOrigin::kAllocation);
  }
  return std::nullopt;
}

}  // namespace

Hosts read_hosts(const std::vector<std::string>& launcher_arguments,
                 const std::filesystem::path& file) {
  const auto of_arguments = from_arguments(launcher_arguments);
  if (!file.empty()) {
    if (of_arguments) {
      throw Error(
          "--hosts {} and {} among the launcher's arguments both say where ranks run; use "
          "one of them",
          file.string(), of_arguments->source);
    }
    return hosts_of(read_hosts_file(file), file.string(), HostsOrigin::kFile);
  }
  if (of_arguments) return *of_arguments;
  if (const auto hosts = from_slurm()) return *hosts;
  return from_variables().value_or(Hosts{});
}

}  // namespace moebench::launch
