#include "harness/outer/rank_contract.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/parse.h"

namespace moebench::outer {
namespace {

constexpr int kTorchPort = 29500;  // where torchrun's store is, unless MASTER_PORT says otherwise
constexpr int kMaxPort = 65535;
constexpr int kMaxProcesses = 65536;

// The words of one launcher; nullptr where it has none.
struct Words {
  const char* rank;
  const char* world_size;
  const char* local_rank;
  const char* local_size;
};

// srun --mpi=pmix sets PMIX_RANK, too, which has no size beside it. The first that is there counts:
// mpirun within a step of Slurm's leaves the step's words as they are.
constexpr std::array kLaunchers = {
    Words{"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    Words{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
          "OMPI_COMM_WORLD_LOCAL_SIZE"},
    Words{"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", nullptr},
    Words{"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"}};

std::optional<std::string> value_of(const Variables& variables, const char* name) {
  if (name == nullptr) return std::nullopt;
  const auto found = variables.find(name);
  return found == variables.end() ? std::nullopt : std::optional(found->second);
}

// A whole number within the bounds; nothing where the variable is not set.
std::optional<int> number_of(const Variables& variables, const char* name, int least, int most) {
  const auto text = value_of(variables, name);
  if (!text) return std::nullopt;
  const auto number = parse_number<int>(*text);
  if (number && *number >= least && *number <= most) return number;
  throw Error("{}='{}' is no whole number from {} to {}; correct it where the ranks are started",
              name, *text, least, most);
}

// Of the launcher whose words are there, or of which at least the number of ranks is.
const Words& launcher_of(const Variables& variables) {
  for (const Words& words : kLaunchers) {
    if (variables.contains(words.rank)) return words;
  }
  if (variables.contains("WORLD_SIZE")) {
    throw Error("WORLD_SIZE is set but RANK is not: set RANK to 0, 1, ... in the processes");
  }
  if (variables.contains("PMIX_RANK")) {
    throw Error(
        "PMIX_RANK is set, but nothing says how many ranks there are; set RANK and "
        "WORLD_SIZE, too");
  }
  throw Error(
      "--launcher env: no launcher has started this process: none of RANK, "
      "OMPI_COMM_WORLD_RANK, SLURM_PROCID and PMI_RANK is set; start it by torchrun, mpirun "
      "or srun, or leave --launcher away");
}

void read_ranks(const Variables& variables, const Words& words, RankContract& contract) {
  contract.source = words.rank;
  // A step may have fewer tasks than its job.
  const bool has_step =
      std::string_view(words.rank) == "SLURM_PROCID" && variables.contains("SLURM_STEP_NUM_TASKS");
  const char* size = has_step ? "SLURM_STEP_NUM_TASKS" : words.world_size;
  const auto world_size = number_of(variables, size, 1, kMaxProcesses);
  if (!world_size) {
    throw Error("{} is set but {} is not: set it to the number of processes", words.rank, size);
  }
  contract.world_size = *world_size;
  contract.rank = number_of(variables, words.rank, 0, kMaxProcesses).value_or(0);
  if (contract.rank >= contract.world_size) {
    throw Error("{}={}, but {}={}: ranks count from 0 to {}", words.rank, contract.rank, size,
                contract.world_size, contract.world_size - 1);
  }
  contract.local_rank = number_of(variables, words.local_rank, 0, kMaxProcesses);
  const auto local_size = number_of(variables, words.local_size, 1, kMaxProcesses);
  if (local_size && contract.local_rank && *contract.local_rank >= *local_size) {
    throw Error("{}={}, but {}={}: ranks count from 0 to {}", words.local_rank,
                *contract.local_rank, words.local_size, *local_size, *local_size - 1);
  }
  if (local_size && *local_size > contract.world_size) {
    throw Error("{}={} is more than {}={}", words.local_size, *local_size, size,
                contract.world_size);
  }
  const auto num_nodes =
      has_step ? number_of(variables, "SLURM_STEP_NUM_NODES", 1, kMaxProcesses) : std::nullopt;
  contract.is_one_host =
      contract.world_size == 1 || local_size == contract.world_size || num_nodes == 1;
}

std::string address_of(const Variables& variables, const RankContract& contract) {
  if (contract.is_one_host) return "127.0.0.1";
  if (const auto address = value_of(variables, "MASTER_ADDR")) return *address;
  if (contract.source == "SLURM_PROCID") {
    if (const auto nodes = value_of(variables, "SLURM_STEP_NODELIST")) {
      return first_of_node_list(*nodes);
    }
  }
  throw Error(
      "{}={} of {} processes, but MASTER_ADDR is not set: it names the host of rank 0, and "
      "is needed where there may be several hosts",
      contract.source, contract.rank, contract.world_size);
}

int port_of(const Variables& variables) {
  if (const auto port = number_of(variables, "MOEBENCH_PORT", 1, kMaxPort)) return *port;
  const int taken = number_of(variables, "MASTER_PORT", 1, kMaxPort).value_or(kTorchPort);
  if (taken < kMaxPort) return taken + 1;
  throw Error(
      "MASTER_PORT={} leaves no port behind it; let MOEBENCH_PORT name a free port of rank "
      "0's host",
      taken);
}

double wait_limit_of(const Variables& variables, double usual) {
  const auto text = value_of(variables, "MOEBENCH_WAIT_S");
  if (!text) return usual;
  const auto seconds = parse_number<double>(*text);
  if (seconds && std::isfinite(*seconds) && *seconds > 0 && *seconds <= 1e6) return *seconds;
  throw Error("MOEBENCH_WAIT_S='{}' is no number of seconds above 0 and up to 1e6", *text);
}

bool begins_with_any(std::string_view name, std::initializer_list<std::string_view> beginnings) {
  return std::ranges::any_of(
      beginnings, [&](std::string_view beginning) { return name.starts_with(beginning); });
}

bool is_torchs(std::string_view name) {
  constexpr std::array<std::string_view, 11> kNames = {
      "RANK",      "WORLD_SIZE",       "LOCAL_RANK", "LOCAL_WORLD_SIZE", "NODE_RANK",  "GROUP_RANK",
      "ROLE_RANK", "GROUP_WORLD_SIZE", "ROLE_NAME",  "ROLE_WORLD_SIZE",  "MASTER_ADDR"};
  return std::ranges::count(kNames, name) > 0 || name == "MASTER_PORT" ||
         begins_with_any(name, {"TORCHELASTIC_", "PET_"});
}

// Open MPI hands its parameters on to what it starts, where they look like the user's.
bool is_open_mpis(std::string_view name, bool is_started_by_it) {
  if (begins_with_any(name, {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_MCA_btl", "OMPI_MCA_pml",
                             "OMPI_MCA_mtl", "OMPI_MCA_coll", "OMPI_MCA_oob_tcp"})) {
    return false;
  }
  if (begins_with_any(name, {"OMPI_MCA_", "PMIX_MCA_", "PRTE_MCA_"})) return is_started_by_it;
  return begins_with_any(name, {"OMPI_", "PMIX_", "PRTE_"});
}

}  // namespace

Variables read_variables() {
  Variables variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t at = text.find('=');
    if (at == std::string_view::npos || at + 1 == text.size()) continue;
    variables.emplace(text.substr(0, at), text.substr(at + 1));
  }
  return variables;
}

RankContract read_rank_contract(const Variables& variables) {
  RankContract contract;
  read_ranks(variables, launcher_of(variables), contract);
  contract.slots = number_of(variables, "MOEBENCH_SLOTS", 1, kMaxProcesses).value_or(1);
  contract.address = address_of(variables, contract);
  contract.port = port_of(variables);
  contract.wait_limit_s = wait_limit_of(variables, contract.wait_limit_s);
  contract.token = value_of(variables, "MOEBENCH_TOKEN").value_or("");
  return contract;
}

std::vector<std::string> names_to_hide(const Variables& variables) {
  const bool is_started_by_mpi =
      variables.contains("OMPI_COMM_WORLD_RANK") || variables.contains("PMIX_RANK");
  std::vector<std::string> names;
  for (const auto& [name, value] : variables) {
    const bool is_hidden = is_torchs(name) || is_open_mpis(name, is_started_by_mpi) ||
                           begins_with_any(name, {"SLURM_", "PMI_", "MPI_LOCAL", "HYDI_"}) ||
                           name == "MOEBENCH_TOKEN";
    if (is_hidden) names.push_back(name);
  }
  return names;
}

std::string first_of_node_list(const std::string& list) {
  std::string name;
  bool is_in_brackets = false;
  bool is_skipping = false;  // what follows the first of a bracket
  for (const char letter : list) {
    if (letter == '[') {
      is_in_brackets = true;
    } else if (letter == ']') {
      is_in_brackets = is_skipping = false;
    } else if (letter == ',' && !is_in_brackets) {
      break;
    } else if (is_in_brackets && (letter == ',' || letter == '-')) {
      is_skipping = true;
    } else if (!is_skipping) {
      name += letter;
    }
  }
  return name;
}

}  // namespace moebench::outer
