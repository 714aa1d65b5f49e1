#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace moebench::launch {

// What messages between ranks travelled by, in the words of config/transport.h as far as they have
// one: "tcp:eth0" where the interface is known, "p2p" between GPUs over PCIe, "roce", else the
// library's own word.
struct Transports {
  std::set<std::string> within;   // between ranks of one host
  std::set<std::string> between;  // between hosts

  bool empty() const { return within.empty() && between.empty(); }
  bool operator==(const Transports&) const = default;
};

// Whether a line is Open MPI's or UCX's about the transport: of those that
// `OMPI_MCA_btl_base_verbose` 1 to 30, `OMPI_MCA_opal_common_ofi_verbose` 1 and `UCX_LOG_LEVEL`
// info bring.
bool is_mpi_transport_line(std::string_view line);

// What such lines of all ranks say; other lines among them say nothing.
Transports mpi_transports(std::string_view log);

// The same of NCCL's, with NCCL_DEBUG=INFO and NCCL_DEBUG_SUBSYS=INIT,GRAPH,NET,P2P,SHM: the log of
// one process, since numbers of devices are its own.
Transports nccl_transports(std::string_view log);

// "shm", "shm within hosts, tcp:eth0 between them"; "" where nothing is known.
std::string to_text(const Transports& transports);

// Why these do not do as what is required, of which it names both; "" where they do. What joins the
// ranks of one host is asked of them alone, what joins hosts of several hosts between them, of one
// host of all its ranks.
std::string transport_complaint(const std::string& required, const Transports& used,
                                bool on_one_host);

}  // namespace moebench::launch
