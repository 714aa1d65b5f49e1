#include "harness/launch/transport_check.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"

namespace moebench::launch {
namespace {

using record::Disposition;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

constexpr const char* kVaderLine =
    "[n0:1] mca: bml: Using vader btl for send to [[1,1],1] on node n0\n";

config::CellConfig cell_over(std::int64_t ranks, const std::string& required = "") {
  config::CellConfig cell;
  cell.ranks = ranks;
  cell.require_transport = required;
  return cell;
}

TEST(TransportCheck, LibrariesAreAskedNoMoreThanIsNeeded) {
  EXPECT_THAT(transport_environment(cell_over(1, "shm"), "/out"), IsEmpty());
  EXPECT_THAT(transport_environment(cell_over(512), "/out"), IsEmpty());
  const auto asked = transport_environment(cell_over(2), "/out");
  EXPECT_EQ(asked.size(), 1);
  EXPECT_THAT(asked, Contains(Pair("OMPI_MCA_btl_base_verbose", "1")));
  EXPECT_THAT(transport_environment(cell_over(512, "tcp:eth0"), "/out"),
              Contains(Pair("OMPI_MCA_btl_base_verbose", "30")));
  EXPECT_THAT(transport_environment(cell_over(2, "nvlink"), "/out"),
              Contains(Pair("NCCL_DEBUG_FILE", "/out/nccl_%h_%p.log")));
}

TEST(TransportCheck, WhatTheUserHasSetStays) {
  ::setenv("NCCL_DEBUG", "WARN", 1);
  const auto variables = transport_environment(cell_over(2, "nvlink"), "/out");
  ::unsetenv("NCCL_DEBUG");
  EXPECT_THAT(variables, Not(Contains(Pair("NCCL_DEBUG", "INFO"))));
}

TEST(TransportCheck, LinesAboutItLeaveStderr) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "stderr", std::string("before\n") + kVaderLine + "behind");
  EXPECT_EQ(read_transports(folder.path()), (Transports{{"shm"}, {}}));
  EXPECT_EQ(read_file(folder.path() / "stderr"), "before\nbehind");
  EXPECT_EQ(read_file(folder.path() / "transport.log"), kVaderLine);
}

TEST(TransportCheck, GpusExchangeBesideMpi) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "stderr", kVaderLine);
  const std::string channel = "[0] NCCL INFO Channel 00/0 : 0[0] -> 1[1] [send] via NET/Socket/";
  const std::string sockets = "[0] NCCL INFO NET/Socket : Using [0]eth0:10.0.0.1<0>\n";
  write_file_atomically(folder.path() / "nccl_n0_1.log", sockets + channel + "0\n");
  write_file_atomically(folder.path() / "nccl_n1_1.log", channel + "0\n");
  EXPECT_EQ(read_transports(folder.path()), (Transports{{}, {"tcp:eth0", "tcp"}}));
}

TEST(TransportCheck, AnotherThanRequiredIsIncorrect) {
  record::CellRecord record;
  state_transport(cell_over(2), {{"shm"}, {}}, record);
  EXPECT_EQ(record.environment.at("transport"), "shm");
  EXPECT_EQ(record.disposition, Disposition::kOk);
  state_transport(cell_over(2, "shm"), {{"shm"}, {}}, record);
  EXPECT_EQ(record.disposition, Disposition::kOk);
  state_transport(cell_over(2, "tcp"), {{"shm"}, {}}, record);
  EXPECT_EQ(record.disposition, Disposition::kIncorrect);
  EXPECT_EQ(record.message, "transport tcp is required, but the ranks used shm");
  EXPECT_EQ(record.environment.at("required_transport"), "tcp");
}

TEST(TransportCheck, AFailureIsNotExplainedByIt) {
  record::CellRecord record;
  record.disposition = Disposition::kCrashed;
  record.message = "rank 1 died";
  state_transport(cell_over(2, "tcp"), {}, record);
  EXPECT_EQ(record.disposition, Disposition::kCrashed);
  EXPECT_EQ(record.message, "rank 1 died");
}

TEST(TransportCheck, HostsOfTheRecordTellWhoIsAsked) {
  record::CellRecord record;
  record.environment["hosts"] = "a, b";
  state_transport(cell_over(4, "tcp"), {{"shm"}, {"tcp"}}, record);
  EXPECT_EQ(record.disposition, Disposition::kOk) << record.message;
}

}  // namespace
}  // namespace moebench::launch
