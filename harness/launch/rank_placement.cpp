#include "harness/launch/rank_placement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/words.h"
#include "harness/launch/programs.h"

namespace moebench::launch {
namespace {

using Words = std::vector<std::string>;

void add(Words& words, const Words& more) { words.insert(words.end(), more.begin(), more.end()); }

// Open MPI refuses a parameter that is named twice, so what the user says stands alone.
void add_parameter(Words& words, const LaunchRequest& request, const std::string& name,
                   const std::string& value) {
  const Words& theirs = request.choice.arguments;
  for (std::size_t i = 0; i + 1 < theirs.size(); ++i) {
    if ((theirs[i] == "--mca" || theirs[i] == "-mca") && theirs[i + 1] == name) return;
  }
  add(words, {"--mca", name, value});
}

// A rank gets cores of its own, one a thread, or a NUMA domain. Where there are not enough mpirun
// refuses: ranks bound to one core measure nothing.
Words mpirun_binding(const LaunchRequest& request) {
  const bool is_placed = request.nodes > 0;
  const std::string per_node = fmt::format("ppr:{}:node", request.ranks_per_node);
  switch (request.bind) {
    case config::Binding::kNone:
      return is_placed ? Words{"--map-by", per_node, "--bind-to", "none"}
                       : Words{"--bind-to", "none"};
    case config::Binding::kCore:
      return {"--map-by",
              fmt::format("{}:PE={}", is_placed ? per_node : "slot", request.threads_per_rank),
              "--bind-to", "core"};
    case config::Binding::kNuma:
      return {"--map-by", is_placed ? per_node : "numa", "--bind-to", "numa"};
  }
  MOEBENCH_CHECK(false);
}

const char* srun_binding(config::Binding bind) {
  switch (bind) {
    case config::Binding::kNone:
      return "--cpu-bind=none";
    case config::Binding::kCore:
      return "--cpu-bind=cores";
    case config::Binding::kNuma:
      return "--cpu-bind=ldoms";
  }
  MOEBENCH_CHECK(false);
}

bool has_names(const Hosts& hosts) {
  return !hosts.slots.empty() &&
         std::ranges::none_of(hosts.slots, [](const auto& host) { return host.name.empty(); });
}

// Whether mpirun is told the hosts: those of a batch system it may know by itself, but which of
// them come first it does not say.
bool names_hosts(const LaunchRequest& request, const Hosts& hosts) {
  if (!has_names(hosts)) return false;
  return hosts.origin == HostsOrigin::kFile ||
         (hosts.origin == HostsOrigin::kAllocation && request.nodes > 0);
}

// "a:2,b:2": the ranks of each host, or where mpirun spreads them its slots.
std::string host_list(const LaunchRequest& request, const Hosts& hosts) {
  Words list;
  for (const HostSlots& host : hosts.slots) {
    if (request.nodes > 0 && std::ssize(list) == request.nodes) break;
    const std::int64_t ranks = request.nodes > 0 ? request.ranks_per_node : host.slots;
    list.push_back(fmt::format("{}:{}", host.name, ranks));
  }
  return fmt::format("{}", fmt::join(list, ","));
}

// How daemons and ranks of several hosts reach each other.
Words mpirun_network(const LaunchRequest& request, const LaunchPlace& place) {
  Words words;
  if (place.hosts.all_here()) {
    // A slot is a physical core to mpirun, so the count of allowed hardware threads may exceed it.
    words = {"--oversubscribe"};
    add_parameter(words, request, "btl", "self,vader");
    for (const char* name : {"oob_tcp_if_include", "btl_tcp_if_include"}) {
      add_parameter(words, request, name, "lo");
    }
    return words;
  }
  if (request.nodes > 0 || place.hosts.origin == HostsOrigin::kFile) {
    add_parameter(words, request, "btl", "self,vader,tcp");
    // Without `put`, by which large messages of an exchange at times travel one way after the
    // other.
    add_parameter(words, request, "btl_tcp_flags", "send,inplace");
  }
  if (!place.rsh_agent.empty()) {
    add_parameter(words, request, "plm", "rsh");
    add_parameter(words, request, "plm_rsh_agent", place.rsh_agent);
    // The agent is on this host alone.
    add_parameter(words, request, "plm_rsh_no_tree_spawn", "1");
    // What an outer launcher's rank starts is to end with it. Elsewhere daemons leave their agents:
    // of one whose agent tells how it ended, mpirun may say that it could not be started.
    if (request.choice.launcher == Launcher::kEnv) words.emplace_back("--leave-session-attached");
  }
  if (!place.interface.empty()) {
    for (const char* name : {"oob_tcp_if_include", "btl_tcp_if_include"}) {
      add_parameter(words, request, name, place.interface);
    }
  }
  // Other hosts find orted in the folders that every shell has, and in no other.
  const std::filesystem::path folder = program_folder("mpirun");
  const bool is_usual = folder == "/bin" || folder == "/usr/bin" || folder == "/usr/local/bin";
  const bool is_said = std::ranges::count(request.choice.arguments, "--prefix") > 0;
  if (folder.filename() == "bin" && !is_usual && !is_said) {
    add(words, {"--prefix", folder.parent_path()});
  }
  return words;
}

std::string wanted_text(const LaunchRequest& request) {
  return counted(request.nodes, "node") + " x " + counted(request.ranks_per_node, "rank");
}

void check_count(const LaunchRequest& request, const Hosts& hosts) {
  if (request.nodes <= hosts.count) return;
  if (hosts.count == 0) {
    throw Error(
        "{} are wanted, but the hosts that {} names cannot be read; name them with --hosts "
        "FILE",
        wanted_text(request), hosts.source);
  }
  const bool is_nobody = hosts.origin == HostsOrigin::kNobody;
  throw Error("{} are wanted, but {} {}; {}, or select cells of fewer (--filter nodes={})",
              wanted_text(request), is_nobody ? "there is" : hosts.source + " names",
              counted(hosts.count, "host"),
              is_nobody ? "name others with --hosts FILE" : "name more there", hosts.count);
}

// Of hosts that mpirun spreads ranks over by itself.
void check_all_slots(const LaunchRequest& request, const Hosts& hosts) {
  std::int64_t slots = 0;
  for (const HostSlots& host : hosts.slots) slots += host.slots;
  if (request.ranks <= slots) return;
  if (request.choice.launcher == Launcher::kEnv) {
    throw Error(
        "{} ranks are wanted, but the outer launcher has started {} (WORLD_SIZE, times "
        "MOEBENCH_SLOTS); start more, or select cells of fewer (--filter ranks={})",
        request.ranks, slots, slots);
  }
  throw Error(
      "{} ranks are wanted, but the hosts of {} have {} slots; write more behind their "
      "names (slots=), or select cells of fewer ranks",
      request.ranks, hosts.source, slots);
}

void check_slots(const LaunchRequest& request, const Hosts& hosts) {
  const std::size_t used = std::min(hosts.slots.size(), static_cast<std::size_t>(request.nodes));
  for (std::size_t i = 0; i < used; ++i) {
    const HostSlots& host = hosts.slots[i];
    if (request.ranks_per_node <= host.slots) continue;
    throw Error(
        "{} are wanted, but {} has room for {} by {}; {}, or select cells of fewer "
        "(--filter ranks_per_node={})",
        wanted_text(request),
        host.name.empty() ? fmt::format("node {}", i) : "host '" + host.name + "'", host.slots,
        hosts.source,
        hosts.origin == HostsOrigin::kFile ? "write more slots= behind its name"
                                           : "ask the batch system for more a node",
        host.slots);
  }
}

}  // namespace

void check_placement(const LaunchRequest& request, Launcher launcher, const LaunchPlace& place) {
  const Hosts& hosts = place.hosts;
  if (launcher == Launcher::kSlurm && hosts.origin == HostsOrigin::kFile) {
    throw Error(
        "--hosts {} is for mpirun: srun takes the nodes of its allocation; leave it out, or "
        "use --launcher mpirun",
        hosts.source);
  }
  if (request.nodes > 0) {
    check_count(request, hosts);
    check_slots(request, hosts);
  } else if (hosts.origin == HostsOrigin::kFile) {
    check_all_slots(request, hosts);
  }
}

std::vector<std::string> mpirun_placement(const LaunchRequest& request, const LaunchPlace& place) {
  Words words = mpirun_binding(request);
  if (names_hosts(request, place.hosts)) {
    add(words, {"--host", host_list(request, place.hosts)});
  }
  add(words, mpirun_network(request, place));
  return words;
}

std::vector<std::string> srun_placement(const LaunchRequest& request) {
  Words words = {srun_binding(request.bind),
                 fmt::format("--cpus-per-task={}", request.threads_per_rank)};
  if (request.nodes == 0) return words;
  add(words, {fmt::format("--nodes={}", request.nodes),
              fmt::format("--ntasks-per-node={}", request.ranks_per_node)});
  // Every rank sees all GPUs of its node, as under mpirun, and takes its own by its local rank.
  if (request.needs_gpus) add(words, {fmt::format("--gres=gpu:{}", request.ranks_per_node)});
  return words;
}

std::string first_host(const LaunchRequest& request, const LaunchPlace& place) {
  if (!names_hosts(request, place.hosts)) return "";
  return place.first_address.empty() ? place.hosts.slots.front().name : place.first_address;
}

std::string placement_text(const LaunchRequest& request, const LaunchPlace& place) {
  if (names_hosts(request, place.hosts)) return host_list(request, place.hosts);
  return request.nodes > 0 ? wanted_text(request) : "";
}

}  // namespace moebench::launch
