#include "harness/launch/transport_log.h"

#include <gmock/gmock.h>

namespace moebench::launch {
namespace {

using ::testing::HasSubstr;

// Open MPI 4.1.4, --mca btl_base_verbose 1, two ranks of one host.
constexpr const char* kSharedMemory = R"(
[n0:13737] mca: bml: Using vader btl for send to [[22875,1],1] on node n0
[n0:13737] mca: bml: Using self btl for send to [[22875,1],0] on node n0
[n0:13738] mca: bml: Using vader btl for send to [[22875,1],0] on node n0
[n0:13738] mca: bml: Using self btl for send to [[22875,1],1] on node n0
)";

// The same of two hosts with two ranks each.
constexpr const char* kTwoHosts = R"(
[n0:12427] mca: bml: Using vader btl for send to [[23694,1],1] on node n0
[n0:12431] mca: bml: Using vader btl for send to [[23694,1],0] on node n0
progress: phase=steps step=1 of=2 tokens_per_second=50
[n1:12430] mca: bml: Using self btl for send to [[23694,1],3] on node n1
[n1:12428] mca: bml: Using tcp btl for send to [[23694,1],0] on node n0
[n0:12427] mca: bml: Using tcp btl for send to [[23694,1],3] on node n1
)";

// The same at level 30, of what concerns interfaces.
constexpr const char* kInterfaces = R"(
[n0:09755] btl: tcp: Searching for exclude address+prefix: 127.0.0.1 / 8
[n0:09755] btl:tcp: Successfully bound to AF_INET port 1030
[n0:09755] btl:tcp: examining interface eth0
[n0:09755] btl:tcp: using ipv4 interface eth0
[n0:09755] btl:tcp: using ipv6 interface eth0
[n1:09756] btl:tcp: using ipv4 interface eth0
[n0:09755] mca: bml: Using tcp btl for send to [[19176,1],1] on node n1
[n1:09756] mca: bml: Using tcp btl for send to [[19176,1],0] on node n0
)";

// UCX 1.13.1 with UCX_LOG_LEVEL=info, two ranks of one host: as it chooses, and with UCX_TLS=tcp.
constexpr const char* kUcx = R"(
[1795987288.677666] [n0:9875 :0]     ucp_context.c:1849 UCX  INFO  Version 1.13.1
[1795987288.735312] [n0:9875 :0]      ucp_worker.c:1763 UCX  INFO    ep_cfg[0]: tag(self/memory0 cma/memory)
[1795987288.735437] [n0:9875 :0]      ucp_worker.c:1763 UCX  INFO    ep_cfg[1]: tag(sysv/memory cma/memory)
)";
constexpr const char* kUcxTcp = R"(
[1795987288.941780] [n0:9921 :0]      ucp_worker.c:1763 UCX  INFO    ep_cfg[0]: tag(self/memory0 tcp/eth0 tcp/lo)
[1795987288.943297] [n0:9921 :0]      ucp_worker.c:1763 UCX  INFO    ep_cfg[1]: tag(tcp/eth0 tcp/lo)
)";

TEST(TransportLog, OpenMpiNamesTheLayerOfEachPair) {
  EXPECT_EQ(mpi_transports(kSharedMemory), (Transports{{"shm"}, {}}));
  EXPECT_EQ(mpi_transports(kTwoHosts), (Transports{{"shm"}, {"tcp"}}));
  EXPECT_EQ(mpi_transports(kInterfaces), (Transports{{}, {"tcp:eth0"}}));
  EXPECT_TRUE(mpi_transports("a warning\n[n0:1] self\n").empty());
}

TEST(TransportLog, UcxNamesLayerAndDevice) {
  EXPECT_EQ(mpi_transports(kUcx), (Transports{{"shm"}, {}}));
  EXPECT_EQ(mpi_transports(kUcxTcp), (Transports{{}, {"tcp:eth0", "tcp:lo"}}));
  EXPECT_EQ(mpi_transports("[1.2] [n0:1 :0] ucp_worker.c:1888 UCX  INFO    n0:1 inter-node cfg#2 "
                           "tag(rc_mlx5/mlx5_0:1)\n"),
            (Transports{{}, {"ib"}}));
}

TEST(TransportLog, LibfabricNamesItsProvider) {
  EXPECT_EQ(mpi_transports("[n0:1] mtl_ofi_component.c:362: mtl:ofi:prov: efa\n"),
            (Transports{{}, {"efa"}}));
  EXPECT_TRUE(mpi_transports("[n0:1] mtl_ofi_component.c:362: mtl:ofi:prov: none\n").empty());
}

TEST(TransportLog, LinesAboutItAreToldFromMessages) {
  EXPECT_TRUE(is_mpi_transport_line("[n0:1] mca: bml: Using vader btl for send to [[1,1],1]"));
  EXPECT_TRUE(is_mpi_transport_line("[n0:1] btl:tcp: path from 10.0.0.1 to 10.0.0.2"));
  EXPECT_TRUE(
      is_mpi_transport_line("[1.2] [n0:1 :0] ucp_worker.c:1 UCX  INFO  ep_cfg[0]: tag(a/b)"));
  EXPECT_FALSE(is_mpi_transport_line("[n0:1] mca: base: component_find: unable to open mca_btl_x"));
  EXPECT_FALSE(is_mpi_transport_line("mpirun noticed that process rank 1 exited on signal 9"));
  EXPECT_FALSE(is_mpi_transport_line("[1.2] [n0:1 :0] ib_device.c:1 UCX  ERROR no device"));
}

// Lines are as src/transport/*.cc of NCCL 2.18 to 2.30 format them.
std::string nccl(const std::string& lines) {
  return "n0:1:9 [0] NCCL INFO Bootstrap : Using eth0:10.0.0.1<0>\n" + lines;
}
const std::string kChannel = "n0:1:9 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[1] ";

TEST(TransportLog, NcclNamesPeersByTheirPath) {
  const std::string graph =
      "n0:1:9 [0] NCCL INFO Pattern 4, crossNic 0, nChannels 8, bw 20.000000/20.000000, type ";
  EXPECT_EQ(
      nccl_transports(nccl(graph + "NVL/PIX, sameChannels 1\n" + kChannel + "via P2P/CUMEM\n")),
      (Transports{{"nvlink"}, {}}));
  EXPECT_EQ(
      nccl_transports(nccl(graph + "PHB/PIX, sameChannels 1\n" + kChannel + "via P2P/IPC/read\n")),
      (Transports{{"p2p"}, {}}));
  EXPECT_EQ(nccl_transports(nccl(kChannel + "via P2P/direct pointer\n")),
            (Transports{{"p2p"}, {}}));
  EXPECT_EQ(nccl_transports(nccl(kChannel + "via SHM/direct/direct\n")), (Transports{{"shm"}, {}}));
}

TEST(TransportLog, NcclNamesTheNetworkAndItsDevice) {
  const std::string sockets =
      "n0:1:9 [0] NCCL INFO NET/Socket : Using [0]eth0:10.0.0.1<0> [1]ib0:10.1.0.1<0>\n";
  EXPECT_EQ(nccl_transports(nccl(sockets + kChannel + "[send] via NET/Socket/1\n" + kChannel +
                                 "[receive] via NET/Socket/1/Shared\n")),
            (Transports{{}, {"tcp:ib0"}}));
  const std::string verbs =
      "n0:1:9 [0] NCCL INFO NET/IB : Using [0]mlx5_0:1/IB [1]mlx5_1:1/RoCE [RO]; OOB "
      "eth0:10.0.0.1<0>\n";
  EXPECT_EQ(nccl_transports(nccl(verbs + kChannel + "[send] via NET/IB/0/GDRDMA\n")),
            (Transports{{}, {"ib"}}));
  EXPECT_EQ(nccl_transports(nccl(verbs + kChannel + "[send] via NET/IB/1(3)/GDRDMA\n")),
            (Transports{{}, {"roce"}}));
  for (const char* provider :
       {"Provider is efa (found 4 nics)", "provider is efa, fabric is efa"}) {
    EXPECT_EQ(
        nccl_transports(nccl(std::string("n0:1:9 [0] NCCL INFO NET/OFI Selected ") + provider +
                             "\n" + kChannel + "[send] via NET/AWS Libfabric/1/GDRDMA\n")),
        (Transports{{}, {"efa"}}));
  }
  EXPECT_EQ(nccl_transports(nccl(kChannel + "[send] via NET/Socket/0\n")),
            (Transports{{}, {"tcp"}}));
}

TEST(TransportLog, IsOneText) {
  EXPECT_EQ(to_text({}), "");
  EXPECT_EQ(to_text({{"shm"}, {}}), "shm");
  EXPECT_EQ(to_text({{"shm"}, {"tcp:eth0", "tcp:eth1"}}),
            "shm within hosts, tcp:eth0 and tcp:eth1 between them");
}

TEST(TransportLog, WhatIsRequiredIsAskedOfThoseThatItJoins) {
  const Transports shared{{"shm"}, {}}, both{{"shm"}, {"tcp:eth0"}}, network{{}, {"tcp:eth0"}};
  EXPECT_EQ(transport_complaint("shm", shared, true), "");
  EXPECT_EQ(transport_complaint("tcp", shared, true),
            "transport tcp is required, but the ranks used shm");
  EXPECT_EQ(transport_complaint("shm", both, false), "");
  EXPECT_EQ(transport_complaint("tcp", both, false), "");
  EXPECT_EQ(transport_complaint("tcp:eth0", both, false), "");
  EXPECT_EQ(transport_complaint("tcp:eth1", both, false),
            "transport tcp:eth1 is required, but the ranks used shm within hosts, tcp:eth0 between "
            "them");
  EXPECT_THAT(transport_complaint("shm", network, false), HasSubstr("used tcp:eth0"));
  EXPECT_THAT(transport_complaint("shm", both, true), HasSubstr("shm is required"));
  EXPECT_THAT(transport_complaint("nvlink", {}, true), HasSubstr("no log of Open MPI's or NCCL's"));
}

}  // namespace
}  // namespace moebench::launch
