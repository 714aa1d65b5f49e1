// What real ranks of Open MPI say of the transport between them, and what is made of it.
#include <gmock/gmock.h>

#include "harness/base/temporary_folder.h"
#include "harness/launch/run_cell.h"
#include "harness/testing/models.h"

namespace moebench::launch {
namespace {

using record::CellRecord;
using record::Disposition;

class TransportRanks : public ::testing::Test {
 protected:
  TransportRanks() {
    cell_.scenario = "transport";
    cell_.model = tiny_model();
    cell_.ranks = 2;
    cell_.seq_len = 32;
    cell_.dtype = config::Dtype::kFp32;
    cell_.steps = 1;
    cell_.warmup_steps = 1;
    cell_.check_numerics = false;
    options_.results_folder = folder_.path() / "results";
    options_.worker = MOEBENCH_RANK_PROGRAM;
    options_.gemm_rate_is_known = true;
    options_.place = read_launch_place();
    options_.machine = machine::read_machine_facts();
  }

  CellRecord run(const std::string& required, const std::string& arguments = "") {
    cell_.require_transport = required;
    options_.launcher = launcher_choice("mpirun", arguments);
    return run_cell(cell_, 0, options_).value_or(CellRecord{});
  }

  TemporaryFolder folder_;
  config::CellConfig cell_;
  RunCellOptions options_;
};

TEST_F(TransportRanks, SharedMemoryIsWhatRanksOfAHostUse) {
  const CellRecord record = run("shm");
  EXPECT_EQ(record.disposition, Disposition::kOk) << record.message << record.stderr_tail;
  EXPECT_EQ(record.environment.at("transport"), "shm");
  EXPECT_EQ(record.environment.at("required_transport"), "shm");
}

TEST_F(TransportRanks, AnotherThanRequiredIsIncorrect) {
  const CellRecord record = run("tcp");
  EXPECT_EQ(record.disposition, Disposition::kIncorrect);
  EXPECT_EQ(record.message, "transport tcp is required, but the ranks used shm");
}

TEST_F(TransportRanks, AnInterfaceIsToldWhereItIsRequired) {
  const CellRecord record = run("tcp:lo", "--mca btl self,tcp");
  EXPECT_EQ(record.disposition, Disposition::kOk) << record.message << record.stderr_tail;
  EXPECT_EQ(record.environment.at("transport"), "tcp:lo");
}

TEST_F(TransportRanks, StandsInEveryRecord) {
  const CellRecord record = run("");
  EXPECT_EQ(record.disposition, Disposition::kOk) << record.message << record.stderr_tail;
  EXPECT_EQ(record.environment.at("transport"), "shm");
  EXPECT_FALSE(record.environment.contains("required_transport"));
}

}  // namespace
}  // namespace moebench::launch
