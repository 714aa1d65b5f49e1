#include "harness/launch/transport_log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "harness/base/parse.h"
#include "harness/config/transport.h"

namespace moebench::launch {
namespace {

constexpr std::string_view kOfMpi = "mca: bml: Using ";
constexpr std::string_view kInterfaceOfMpi = "btl:tcp: using ipv";
constexpr std::string_view kOfOfi = "mtl:ofi:prov: ";
constexpr std::string_view kOfUcx = " tag(";

// What follows `begin` in a line, up to one of `ends`; "" where it does not stand there.
std::string_view after(std::string_view line, std::string_view begin,
                       std::string_view ends = " \t\r") {
  const std::size_t at = line.find(begin);
  if (at == std::string_view::npos) return "";
  line.remove_prefix(at + begin.size());
  return line.substr(0, line.find_first_of(ends));
}

bool has(std::string_view line, std::string_view part) {
  return line.find(part) != std::string_view::npos;
}

template <typename Use>
void for_each_line(std::string_view text, const Use& use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// "[n1:123] mca: bml: Using vader btl for send to [[1,1],1] on node n1": the host of the rank that
// says it, and of the one that it sends to.
bool stays_on_host(std::string_view line) {
  const std::size_t end = line.find(kOfMpi);
  const std::size_t begin = line.rfind('[', end);
  if (begin == std::string_view::npos) return true;
  const std::string_view host = line.substr(begin + 1, line.find(':', begin) - begin - 1);
  return after(line, " on node ") == host;
}

// Of Open MPI's byte transfer layers; "" of what a rank sends to itself.
std::string of_btl(std::string_view name) {
  if (name == "self") return "";
  if (name == "vader" || name == "sm" || name == "smcuda") return config::kSharedMemory;
  if (name == "openib" || name == "uct") return config::kInfiniband;
  return std::string(name);
}

std::string of_libfabric(std::string_view provider) {
  if (provider == "none") return "";
  if (provider.starts_with("verbs")) return config::kInfiniband;
  if (provider.starts_with("tcp") || provider == "sockets") return config::kTcp;
  return std::string(provider);  // efa, psm2, ...
}

// "sysv/memory", "tcp/eth0", "rc_mlx5/mlx5_0:1".
std::string of_ucx(std::string_view lane) {
  const std::string_view layer = lane.substr(0, lane.find('/'));
  const std::string_view device = layer.size() < lane.size() ? lane.substr(layer.size() + 1) : "";
  constexpr std::array kShared = {"posix", "sysv", "cma", "knem", "xpmem"};
  if (std::ranges::find(kShared, layer) != kShared.end()) return config::kSharedMemory;
  if (layer == "tcp") return fmt::format("tcp:{}", device);
  for (const char* verbs : {"rc_", "dc_", "ud_"}) {
    if (layer.starts_with(verbs)) return config::kInfiniband;
  }
  return std::string(layer);
}

// "... ep_cfg[1]: tag(sysv/memory cma/memory)", in later versions "intra-node cfg#1 tag(...)".
void add_ucx(std::string_view line, Transports& found) {
  std::istringstream lanes{std::string(after(line, kOfUcx, ")"))};
  std::set<std::string> used;
  for (std::string lane; lanes >> lane;) {
    if (lane.starts_with("self/")) return;  // the rank's messages to itself
    used.insert(of_ucx(lane));
  }
  const bool within = used.contains(config::kSharedMemory) || has(line, "intra-node");
  (within ? found.within : found.between).merge(used);
}

// Which ones an interface is known of are named with it.
void name_interfaces(const std::set<std::string>& interfaces, std::set<std::string>& transports) {
  if (interfaces.empty() || transports.erase(config::kTcp) == 0) return;
  for (const std::string& name : interfaces) transports.insert("tcp:" + name);
}

// Devices of "NET/Socket : Using [0]eth0:10.0.0.1<0> [1]ib0:10.1.0.1<0>", and of NET/IB
// "[0]mlx5_0:1/RoCE [RO]; OOB eth0:10.0.0.1<0>".
using Devices = std::map<int, std::string>;
void add_devices(std::string_view line, std::string_view of, Devices& devices) {
  const std::size_t at = line.find(of);
  if (at == std::string_view::npos) return;
  std::istringstream words{std::string(line.substr(at + of.size()))};
  for (std::string word; words >> word;) {
    const std::size_t end = word.find(']');
    if (!word.starts_with('[') || end == std::string::npos) continue;
    const auto number = parse_number<int>(word.substr(1, end - 1));
    if (number) devices[*number] = word.substr(end + 1);
  }
}

// What a process of NCCL's says before it connects.
struct NcclFacts {
  Devices sockets, verbs;
  std::string provider;              // of libfabric
  std::set<std::string> intra = {};  // kinds of paths between its host's GPUs: NVL, PIX, SYS, ...
};

NcclFacts nccl_facts(std::string_view log) {
  NcclFacts facts;
  for_each_line(log, [&](std::string_view line) {
    add_devices(line, "NET/Socket : Using ", facts.sockets);
    add_devices(line, "NET/IB : Using ", facts.verbs);
    for (const char* words : {"NET/OFI Selected Provider is ", "NET/OFI Selected provider is "}) {
      const std::string_view provider = after(line, words, ", \r");
      if (!provider.empty()) facts.provider = provider;
    }
    if (has(line, "Pattern ")) {
      const std::string_view kind = after(line, ", type ", "/");
      if (!kind.empty()) facts.intra.emplace(kind);
    }
  });
  return facts;
}

std::string of_peers(const NcclFacts& facts) {
  const auto is_link = [](const std::string& kind) {
    return kind == "NVL" || kind == "NVB" || kind == "LOC";
  };
  const bool is_nvlink = facts.intra.contains("NVL") && std::ranges::all_of(facts.intra, is_link);
  return is_nvlink ? config::kNvlink : "p2p";
}

// "Socket/0", "IB/1/GDRDMA", "AWS Libfabric/0/GDRDMA", with "(3)" behind a number that a peer uses.
std::string of_network(const NcclFacts& facts, std::string_view name) {
  const std::string_view kind = name.substr(0, name.find('/'));
  std::string_view number = name.substr(std::min(kind.size() + 1, name.size()));
  number = number.substr(0, number.find_first_not_of("0123456789"));
  const int device = parse_number<int>(number).value_or(-1);
  if (kind == "Socket") {
    const auto found = facts.sockets.find(device);
    if (found == facts.sockets.end()) return config::kTcp;
    return "tcp:" + found->second.substr(0, found->second.find(':'));
  }
  if (kind == "IB") {
    const auto found = facts.verbs.find(device);
    const bool is_roce = found != facts.verbs.end() && has(found->second, "/RoCE");
    return is_roce ? "roce" : config::kInfiniband;
  }
  if (has(kind, "Libfabric") || kind == "OFI") {
    return facts.provider.empty() ? "libfabric" : of_libfabric(facts.provider);
  }
  return std::string(kind);
}

void add_channel(const NcclFacts& facts, std::string_view line, Transports& found) {
  const std::string_view via = after(line, " via ", "\r");
  if (via.starts_with("P2P")) found.within.insert(of_peers(facts));
  if (via.starts_with("SHM") || via.starts_with("direct shared memory")) {
    found.within.insert(config::kSharedMemory);
  }
  if (via.starts_with("NET/")) found.between.insert(of_network(facts, via.substr(4)));
}

std::string joined(const std::set<std::string>& names) {
  return fmt::format("{}", fmt::join(names, " and "));
}

// "tcp" is by whatever interface.
bool is_as_required(const std::string& required, const std::string& used) {
  return used == required || (required == config::kTcp && used.starts_with("tcp:"));
}

}  // namespace

bool is_mpi_transport_line(std::string_view line) {
  const bool is_of_ucx = has(line, " UCX ") && has(line, kOfUcx);
  constexpr std::array kOfOpenMpi = {"mca: bml: ",
                                     "mca: base: components_",
                                     "mca: base: close: ",
                                     "] select: ",
                                     "btl:tcp: ",
                                     "btl: tcp: ",
                                     "mtl:ofi:"};
  return is_of_ucx || std::ranges::any_of(kOfOpenMpi, [&](auto part) { return has(line, part); });
}

Transports mpi_transports(std::string_view log) {
  Transports found;
  std::set<std::string> interfaces;
  for_each_line(log, [&](std::string_view line) {
    if (const std::string_view name = after(line, kOfMpi); !name.empty()) {
      const std::string transport = of_btl(name);
      if (!transport.empty())
        (stays_on_host(line) ? found.within : found.between).insert(transport);
    } else if (has(line, kInterfaceOfMpi)) {
      interfaces.emplace(after(line, " interface "));
    } else if (const std::string_view provider = after(line, kOfOfi); !provider.empty()) {
      const std::string transport = of_libfabric(provider);
      if (!transport.empty()) found.between.insert(transport);
    } else if (has(line, " UCX ") && has(line, kOfUcx)) {
      add_ucx(line, found);
    }
  });
  for (auto* transports : {&found.within, &found.between}) {
    name_interfaces(interfaces, *transports);
  }
  return found;
}

Transports nccl_transports(std::string_view log) {
  const NcclFacts facts = nccl_facts(log);
  Transports found;
  for_each_line(log, [&](std::string_view line) {
    if (has(line, "NCCL INFO Channel ")) add_channel(facts, line, found);
  });
  return found;
}

std::string to_text(const Transports& transports) {
  if (transports.within.empty() || transports.between.empty()) {
    return joined(transports.within) + joined(transports.between);
  }
  return fmt::format("{} within hosts, {} between them", joined(transports.within),
                     joined(transports.between));
}

std::string transport_complaint(const std::string& required, const Transports& used,
                                bool on_one_host) {
  if (used.empty()) {
    return fmt::format(
        "transport {} is required, but no log of Open MPI's or NCCL's says which was "
        "used",
        required);
  }
  std::set<std::string> concerned = config::is_of_one_host(required) ? used.within : used.between;
  if (on_one_host) {
    concerned = used.within;
    concerned.insert(used.between.begin(), used.between.end());
  }
  const bool is_met = !concerned.empty() && std::ranges::all_of(concerned, [&](const auto& name) {
    return is_as_required(required, name);
  });
  if (is_met) return "";
  return fmt::format("transport {} is required, but the ranks used {}", required, to_text(used));
}

}  // namespace moebench::launch
