// Cells over test hosts: links of the rate that a cell names, and what becomes of a run when a
// link, a host, a rank, the disk or the driver fails. Needs root.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <thread>

#include "harness/machine/processes.h"
#include "harness/record/record.h"
#include "harness/testing/test_folder.h"
#include "tools/moebench-rank/unprobed_rank.h"
#include "tools/moebench/moebench_testing.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;
using record::CellRecord;
using record::Disposition;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A step takes a tenth of a second at this rate, so that a fault comes in the middle of one.
constexpr const char* kScenario = R"(
scenarios:
  - name: hosts
    axes:
      model: mini
      parallelism: [fsdp, ep]
      nodes: 2
      ranks_per_node: 1
      network: 20mbit
      seq_len: 32
      dtype: fp32
    settings: {steps: 8, warmup_steps: 1, check_numerics: false}
)";

constexpr const char* kModel = R"({"model_type": "mixtral", "hidden_size": 32,
"intermediate_size": 64, "num_hidden_layers": 2, "num_local_experts": 4, "num_experts_per_tok": 2,
"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 128,
"max_position_embeddings": 64, "initializer_range": 0.2})";

// Of a rank that goes on, also on a machine that others use; what hangs takes so long to end.
constexpr const char* kProgressLimitS = "10";

int shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string why_not() {
  if (::geteuid() != 0) return "test hosts need root";
  for (const char* tool : {"ip", "tc", "nsenter", "unshare", "flock", "mpirun"}) {
    if (shell(fmt::format("command -v {} > /dev/null", tool)) != 0) {
      return fmt::format("there is no {} on PATH", tool);
    }
  }
  return shell("unshare --net --uts true") == 0 ? "" : "no network namespaces can be made here";
}

bool becomes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class TestHosts : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = why_not();
    if (!reason.empty()) GTEST_SKIP() << reason;
    folder_.write("models/mini.json", kModel);
    folder_.write("hosts.yaml", kScenario);
    ASSERT_EQ(testhosts("up 2 > /dev/null"), 0);
  }
  ~TestHosts() override {
    if (why_not().empty()) testhosts("down");
  }

  int testhosts(const std::string& words) const {
    return shell(fmt::format("{} --in {} {}", MOEBENCH_TESTHOSTS, hosts_.string(), words));
  }
  pid_t start(const std::vector<std::string>& more, const fs::path& hosts) const {
    std::vector<std::string> words = {"run", "hosts.yaml", "--hosts", hosts.string()};
    words.insert(words.end(), more.begin(), more.end());
    return start_moebench(words, folder_.path());
  }
  Output finish(pid_t pid) const { return finish_moebench(pid, folder_.path()); }
  pid_t start(const std::vector<std::string>& more = {}) const {
    return start(more, hosts_ / "hosts");
  }
  Output run(const std::vector<std::string>& more = {}) const { return finish(start(more)); }

  // By which what the hosts are made of is named.
  std::string number_of_set() const {
    std::string text = read_file(hosts_ / "set");
    text.pop_back();
    return text;
  }
  void set_link(int host, const char* state) const {
    EXPECT_EQ(shell(fmt::format("ip link set mbth{}-{} {}", number_of_set(), host, state)), 0);
  }
  std::string rate() const { return read_file(hosts_ / "rate"); }

  std::vector<pid_t> processes_on(const std::string& host, const std::string& name = "") const {
    const fs::path list = folder_.path() / "pids";
    EXPECT_EQ(shell(fmt::format("ip netns pids moebench-{}-{} > {}", number_of_set(), host,
                                list.string())),
              0);
    std::istringstream text(read_file(list));
    std::vector<pid_t> found;
    for (pid_t pid = 0; text >> pid;) {
      const auto process = machine::read_process(pid);
      if (process && (name.empty() || process->name == name)) found.push_back(pid);
    }
    return found;
  }
  void signal_rank(int signal) const {
    const auto ranks = processes_on("testhost2", "moebench-rank");
    ASSERT_EQ(ranks.size(), 1U);
    ::kill(ranks[0], signal);
  }
  std::size_t num_processes() const {
    return processes_on("testhost1").size() + processes_on("testhost2").size();
  }

  fs::path results() const { return folder_.path() / "results" / "hosts"; }

  // Returns when so many cells have come to their steps.
  void await_steps_of(int num_cells) const {
    EXPECT_TRUE(becomes_true([&] {
      int num_found = 0;
      std::error_code ignored;
      for (const auto& entry : fs::directory_iterator(results() / "cells", ignored)) {
        std::ifstream in(entry.path() / "0" / "stdout");
        std::stringstream text;
        text << in.rdbuf();
        num_found += text.str().find("phase=warmup step=1") != std::string::npos ? 1 : 0;
      }
      return num_found == num_cells;
    })) << "the steps did not begin";
  }

  // The record of the cell that runs second.
  CellRecord second() const {
    const auto records = record::load(results());
    if (records.size() != 2) {
      ADD_FAILURE() << "there are " << records.size() << " records";
      return {};
    }
    return records[1];
  }

  // After a fault in the second cell: nothing is left on any host, the first cell's record stands
  // as it was, and the next run adds what is missing.
  void expect_that_the_next_run_completes() const {
    EXPECT_EQ(num_processes(), 0U);
    const std::string before = read_file(results() / "results.jsonl");
    const std::string first = before.substr(0, before.find('\n') + 1);
    const Output output = run();
    EXPECT_EQ(output.exit_code, 0) << output.err;
    EXPECT_THAT(output.err, HasSubstr("1 repetitions to run, 1 already ok"));
    EXPECT_TRUE(read_file(results() / "results.jsonl").starts_with(first));
    for (const CellRecord& record : record::load(results())) {
      EXPECT_EQ(record.disposition, Disposition::kOk) << record.message;
      EXPECT_THAT(record.warnings, Not(Contains(HasSubstr("outlived")))) << record.repetition;
    }
  }

  TestFolder folder_;
  UnprobedRank rank_{folder_.path()};
  fs::path hosts_ = folder_.path() / "testhosts";
};

TEST_F(TestHosts, LinksHaveTheRateThatACellNamesAndInTheEndTheOneBefore) {
  ASSERT_EQ(testhosts("rate 100mbit"), 0);
  const Output output = run({"--filter", "parallelism=fsdp", "--set", "network=[20mbit, local]"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_EQ(rate(), "100mbit\n");
  std::map<std::string, double> bandwidths;
  for (const CellRecord& record : record::load(results())) {
    bandwidths[record.axis("network")] = record.value("network_bandwidth").value_or(0);
    EXPECT_GT(record.value("network_latency").value_or(0), 0);
    EXPECT_EQ(record.environment.at("hosts"), "testhost1, testhost2");
    EXPECT_THAT(record.warnings, Not(Contains(HasSubstr("outlived"))));
  }
  EXPECT_GT(bandwidths["20mbit"], 0);
  EXPECT_LT(bandwidths["20mbit"], 1.2 * 20e6 / 8);  // a message is ahead of it by one bucket
  EXPECT_GT(bandwidths["local"], bandwidths["20mbit"]);
}

// What a thread of the ranks moves meanwhile is what they would have moved themselves.
TEST_F(TestHosts, WhatIsGatheredAheadTravelsMeanwhileAndChangesNoLoss) {
  const Output output =
      run({"--filter", "parallelism=fsdp", "--set", "prefetch=[0, 1, 2],network=local"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  const auto records = record::load(results());
  ASSERT_EQ(records.size(), 3U);
  for (const CellRecord& record : records) {
    EXPECT_EQ(record.disposition, Disposition::kOk) << record.message;
    EXPECT_EQ(record.metrics.at("loss").samples, records[0].metrics.at("loss").samples);
    // Without a prefetch nobody sees when messages arrive.
    for (const char* hidden : {"hidden_time_gather", "hidden_time_reduce"}) {
      EXPECT_EQ(record.value(hidden).value_or(0) > 0, record.axis("prefetch") != "0") << hidden;
    }
  }
}

TEST_F(TestHosts, AnInterruptedRunLeavesTheLinksAsTheyWere) {
  const pid_t pid = start({"--filter", "parallelism=fsdp"});
  await_steps_of(1);
  EXPECT_EQ(rate(), "20mbit\n");
  ::kill(pid, SIGINT);
  EXPECT_EQ(finish(pid).exit_code, 130);
  EXPECT_EQ(rate(), "local\n");
  EXPECT_EQ(num_processes(), 0U);
}

TEST_F(TestHosts, ACutLinkEndsTheRepetitionAtItsProgressLimit) {
  const pid_t pid = start({"--progress-limit", kProgressLimitS});
  await_steps_of(2);
  set_link(2, "down");
  EXPECT_EQ(finish(pid).exit_code, 3);
  set_link(2, "up");
  EXPECT_EQ(second().disposition, Disposition::kTimedOut);
  EXPECT_THAT(second().message, HasSubstr("no progress for 10 s"));
  expect_that_the_next_run_completes();
}

TEST_F(TestHosts, ARankMayStandStillForLessThanTheProgressLimit) {
  const pid_t pid = start({"--progress-limit", kProgressLimitS});
  await_steps_of(1);
  signal_rank(SIGSTOP);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  signal_rank(SIGCONT);
  await_steps_of(2);
  signal_rank(SIGSTOP);
  EXPECT_EQ(finish(pid).exit_code, 3);
  EXPECT_EQ(second().disposition, Disposition::kTimedOut);
  expect_that_the_next_run_completes();
}

TEST_F(TestHosts, AHostWhoseDaemonEndsIsNamed) {
  const pid_t pid = start();
  await_steps_of(2);
  const auto daemons = processes_on("testhost2", "orted");
  ASSERT_EQ(daemons.size(), 1U);
  ::kill(daemons[0], SIGKILL);
  EXPECT_EQ(finish(pid).exit_code, 3);
  EXPECT_EQ(second().disposition, Disposition::kCrashed);
  EXPECT_THAT(second().message,
              AllOf(HasSubstr("mpirun lost its daemon"), HasSubstr("on node testhost2")));
  expect_that_the_next_run_completes();
}

TEST_F(TestHosts, AKilledDriverLeavesNothingBehind) {
  const pid_t pid = start();
  await_steps_of(2);
  ::kill(pid, SIGKILL);
  EXPECT_EQ(finish(pid).exit_code, -SIGKILL);
  EXPECT_TRUE(becomes_true([&] { return num_processes() == 0; }));
  expect_that_the_next_run_completes();
}

TEST_F(TestHosts, AFullDiskEndsTheRunAndKeepsWhatIsThere) {
  fs::create_directories(results());
  ASSERT_EQ(::mount("tmpfs", results().c_str(), "tmpfs", 0, "size=4m"), 0);
  const pid_t pid = start();
  await_steps_of(2);
  {
    std::ofstream filler(results() / "filler");
    filler << std::string(8 << 20, 'x') << std::flush;
    EXPECT_TRUE(filler.fail());
  }
  const Output output = finish(pid);
  EXPECT_EQ(output.exit_code, 70) << output.err;
  EXPECT_THAT(output.err, HasSubstr("No space left on device"));
  fs::remove(results() / "filler");
  EXPECT_EQ(record::load(results()).size(), 1U);
  expect_that_the_next_run_completes();
  EXPECT_EQ(::umount2(results().c_str(), MNT_DETACH), 0);
}

TEST_F(TestHosts, AHostThatIsNotThereIsSaidToBeMissing) {
  const fs::path stale = folder_.write("stale/hosts", "testhost1 slots=1\ntesthost9 slots=1\n");
  for (const char* file : {"agent", "interface"}) {
    fs::create_symlink(hosts_ / file, stale.parent_path() / file);
  }
  const std::vector<std::string> words = {"--filter", "parallelism=fsdp", "--set", "network=local"};
  const Output output = finish(start(words, stale));
  EXPECT_EQ(output.exit_code, 3) << output.err;
  EXPECT_THAT(output.err, AllOf(HasSubstr("a host that is named is not there"),
                                HasSubstr("there is no test host 'testhost9'")));
  EXPECT_EQ(num_processes(), 0U);
  EXPECT_EQ(run(words).exit_code, 0);
}

TEST_F(TestHosts, WithoutThemARateIsRefusedBeforeAnythingStarts) {
  const Output output = finish(start_moebench({"run", "hosts.yaml"}, folder_.path()));
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_THAT(output.err, AllOf(HasSubstr("network 20mbit"), HasSubstr("tools/testhosts up 2")));
  EXPECT_FALSE(fs::exists(results()));
}

}  // namespace
}  // namespace moebench
