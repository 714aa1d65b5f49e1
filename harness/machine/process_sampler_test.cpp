#include "harness/machine/process_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/machine/proc_testing.h"

namespace moebench::machine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kMebi = 1 << 20;
constexpr pid_t kRoot = 100;

// A clock that the test sets, and one that each sample moves on by what it is said to cost.
struct FakeClocks {
  double wall_s = 500;
  double cpu_s = 7;
  double cost_s = 0;

  SamplerClocks clocks() {
    return {.wall_s = [this] { return wall_s; },
            .thread_cpu_s = [this] { return cpu_s += cost_s; }};
  }
};

class ProcessSamplerTest : public ::testing::Test {
 protected:
  ProcessSamplerTest() {
    proc_.set({.pid = 1, .parent = 0, .start = 1});
    proc_.set({.pid = 50, .parent = 1, .start = 10});
    proc_.set(root_);
  }
  ProcessSampler sampler() { return ProcessSampler(kRoot, proc_.path(), clocks_.clocks()); }
  void tick_after(double seconds, ProcessSampler& sampler) {
    clocks_.wall_s += seconds;
    sampler.tick();
  }

  FakeProc proc_;
  FakeClocks clocks_;
  FakeProcess root_{.pid = kRoot,
                    .parent = 50,
                    .name = "mpirun",
                    .command = std::string("mpirun\0-n\0"
                                           "2",
                                           11),
                    .jiffies = 200,
                    .rss_kib = 1024,
                    .rss_peak_kib = 3 * 1024,
                    .pss_kib = 512};
};

TEST_F(ProcessSamplerTest, ProcessesHaveTheirPeaksAndTheSumHasItsOwn) {
  ProcessSampler sampler = this->sampler();
  proc_.set({.pid = 101,
             .parent = kRoot,
             .jiffies = 100,
             .rss_kib = 4096,
             .rss_peak_kib = 4096,
             .pss_kib = 2048});
  tick_after(1000, sampler);
  proc_.set({.pid = 101,
             .parent = kRoot,
             .jiffies = 300,
             .rss_kib = 1024,
             .rss_peak_kib = 8192,
             .pss_kib = 1024});
  tick_after(1000, sampler);
  const record::ProcessFigures figures = sampler.finish();
  const double hz = static_cast<double>(::sysconf(_SC_CLK_TCK));
  EXPECT_EQ(figures.wall_s, 2000);
  EXPECT_DOUBLE_EQ(figures.cpu_s, 500 / hz);
  EXPECT_EQ(figures.rss_peak_bytes, 8 * kMebi);
  EXPECT_EQ(figures.rss_sum_peak_bytes, 5 * kMebi);
  EXPECT_EQ(figures.pss_sum_peak_bytes, 2 * kMebi + kMebi / 2);
  EXPECT_EQ(figures.num_samples, 3);
  EXPECT_EQ(figures.num_pss_samples, 2);
  EXPECT_EQ(figures.interval_s, 1000);
  ASSERT_THAT(figures.processes, SizeIs(2));
  EXPECT_EQ(figures.processes[0], (record::ProcessFigure{.pid = kRoot,
                                                         .parent = 50,
                                                         .name = "mpirun",
                                                         .command = "mpirun -n 2",
                                                         .first_seen_s = 0,
                                                         .last_seen_s = 2000,
                                                         .cpu_s = 200 / hz,
                                                         .rss_peak_bytes = 3 * kMebi,
                                                         .pss_peak_bytes = kMebi / 2}));
  EXPECT_EQ(figures.processes[1].first_seen_s, 1000);
  EXPECT_EQ(figures.processes[1].rss_peak_bytes, 8 * kMebi);
}

TEST_F(ProcessSamplerTest, WhatEndedKeepsWhatWasLastSeen) {
  proc_.set({.pid = 101, .parent = kRoot, .jiffies = 100, .rss_kib = 4096, .rss_peak_kib = 4096});
  ProcessSampler sampler = this->sampler();
  proc_.remove(101);
  tick_after(1, sampler);
  proc_.remove(kRoot);
  tick_after(1, sampler);
  const record::ProcessFigures figures = sampler.finish();
  EXPECT_EQ(figures.num_samples, 2);
  EXPECT_EQ(figures.rss_sum_peak_bytes, 5 * kMebi);
  ASSERT_THAT(figures.processes, SizeIs(2));
  EXPECT_EQ(figures.processes[1].last_seen_s, 0);
  EXPECT_EQ(figures.processes[1].rss_peak_bytes, 4 * kMebi);
}

TEST_F(ProcessSamplerTest, AProgramThatAProcessBecomesNamesIt) {
  ProcessSampler sampler = this->sampler();
  root_.name = "python3";
  root_.command = std::string(1000, 'x');
  proc_.set(root_);
  tick_after(1, sampler);
  const auto figures = sampler.finish();
  ASSERT_THAT(figures.processes, SizeIs(1));
  EXPECT_EQ(figures.processes[0].name, "python3");
  EXPECT_THAT(figures.processes[0].command, AllOf(SizeIs(200), ::testing::EndsWith("xxx ...")));
}

TEST_F(ProcessSamplerTest, OneThatOnlyWaitsToBeReapedHasTimeButNoMemory) {
  root_.rss_kib = 0;
  proc_.set(root_);
  const auto figures = sampler().finish();
  ASSERT_THAT(figures.processes, SizeIs(1));
  EXPECT_GT(figures.cpu_s, 0);
  EXPECT_EQ(figures.rss_peak_bytes, std::nullopt);
  EXPECT_EQ(figures.rss_sum_peak_bytes, std::nullopt);
}

TEST_F(ProcessSamplerTest, ASumWithoutOneThatHidesItsProportionalMemoryIsNone) {
  proc_.set({.pid = 101, .parent = kRoot, .rss_kib = 4096, .rss_peak_kib = 4096});
  ProcessSampler sampler = this->sampler();
  tick_after(1000, sampler);
  const auto figures = sampler.finish();
  EXPECT_EQ(figures.num_pss_samples, 0);
  EXPECT_EQ(figures.pss_sum_peak_bytes, std::nullopt);
  EXPECT_EQ(figures.processes[0].pss_peak_bytes, kMebi / 2);
  EXPECT_EQ(figures.processes[1].pss_peak_bytes, std::nullopt);
}

TEST_F(ProcessSamplerTest, SkipsTicksWhereASampleWasExpensive) {
  clocks_.cost_s = 0.01;  // 3.3 s at 0.3 % of a core
  ProcessSampler sampler = this->sampler();
  for (int i = 0; i < 2000; ++i) tick_after(0.2, sampler);
  const auto figures = sampler.finish();
  EXPECT_LE(figures.cost_share, 0.004);
  EXPECT_GE(figures.cost_share, 0.003);
  EXPECT_LE(figures.num_samples, 121);
  EXPECT_GE(figures.num_samples, 105);
  EXPECT_NEAR(figures.interval_s, 3.4, 0.3);
}

TEST_F(ProcessSamplerTest, TakesEveryTickWhereItIsCheap) {
  clocks_.cost_s = 1e-4;
  ProcessSampler sampler = this->sampler();
  for (int i = 0; i < 100; ++i) tick_after(0.2, sampler);
  EXPECT_EQ(sampler.finish().num_samples, 101);
}

// A walk is not begun before a large process's page tables are paid for.
TEST_F(ProcessSamplerTest, ProportionalMemoryOfALargeProcessIsRarer) {
  root_.rss_kib = 64 << 20;  // 0.64 s at 10 ms a GiB, which 640 s pay for
  proc_.set(root_);
  ProcessSampler sampler = this->sampler();
  for (int i = 0; i < 639; ++i) tick_after(1, sampler);
  EXPECT_EQ(sampler.finish().num_pss_samples, 0);
  tick_after(1.5, sampler);
  const auto figures = sampler.finish();
  EXPECT_EQ(figures.num_pss_samples, 1);
  EXPECT_EQ(figures.num_samples, 641);
}

TEST_F(ProcessSamplerTest, KeepsThoseWithTheMostAndCountsTheRest) {
  ProcessSampler sampler = this->sampler();
  constexpr int kNum = 600;
  for (int i = 0; i < kNum; ++i) {
    const pid_t pid = 1000 + i;
    // One of little memory and much time, one of much memory.
    proc_.set({.pid = pid,
               .parent = kRoot,
               .jiffies = i == 7 ? 10000 : 100,
               .rss_kib = i == 9 ? 4096 : 4,
               .rss_peak_kib = 4});
    if (i % 60 != 59) continue;
    tick_after(1, sampler);
    for (int gone = i - 59; gone <= i; ++gone) proc_.remove(1000 + gone);
  }
  tick_after(1, sampler);
  const auto figures = sampler.finish();
  EXPECT_THAT(figures.processes, SizeIs(ProcessSampler::kMaxProcesses));
  EXPECT_EQ(figures.num_left_out, kNum + 1 - 256);
  for (const pid_t pid : {kRoot, 1007, 1009}) {
    EXPECT_THAT(figures.processes, ::testing::Contains(Field(&record::ProcessFigure::pid, pid)));
  }
  const double hz = static_cast<double>(::sysconf(_SC_CLK_TCK));
  EXPECT_NEAR(figures.cpu_s, (200 + 10000 + 100 * (kNum - 1)) / hz, 1e-6);
}

TEST_F(ProcessSamplerTest, WhatTheirEndToldCountsWhereItIsMore) {
  ProcessSampler sampler = this->sampler();
  tick_after(3, sampler);
  const TreeUsage usage{.wall_s = 3.5, .cpu_s = 100, .rss_peak_bytes = 9 * kMebi};
  const auto figures = sampler.finish(usage);
  EXPECT_EQ(figures.wall_s, 3.5);
  EXPECT_EQ(figures.cpu_s, 100);
  EXPECT_EQ(figures.rss_peak_bytes, 9 * kMebi);
  EXPECT_GT(sampler.finish(TreeUsage{}).cpu_s, 0);
}

TEST_F(ProcessSamplerTest, ARootThatIsGoneHasNoFigures) {
  ProcessSampler sampler(4711, proc_.path(), clocks_.clocks());
  tick_after(1, sampler);
  const auto figures = sampler.finish();
  EXPECT_EQ(figures.wall_s, 1);
  EXPECT_EQ(figures.num_samples, 0);
  EXPECT_THAT(figures.processes, IsEmpty());
}

// In a child: takes memory, says so and waits for its end.
[[noreturn]] void hold(std::int64_t bytes, int say_to) {
  void* memory = ::mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) ::_exit(1);
  for (std::int64_t i = 0; i < bytes; i += 4096) static_cast<volatile char*>(memory)[i] = 1;
  [[maybe_unused]] const auto written = ::write(say_to, "x", 1);
  ::pause();
  ::_exit(0);
}

TEST(ProcessSampler, SeesTheMemoryOfRealProcessesAndTheirChildren) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::fork() == 0) hold(32 * kMebi, ready[1]);
    hold(64 * kMebi, ready[1]);
  }
  char byte;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  FakeClocks clocks;
  ProcessSampler sampler(child, kProc, clocks.clocks());
  clocks.wall_s += 1000;
  sampler.tick();
  const auto figures = sampler.finish();
  for (const auto& figure : figures.processes) ::kill(figure.pid, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  ASSERT_THAT(figures.processes, SizeIs(2));
  for (const auto& figure : figures.processes) {
    const std::int64_t held = (figure.pid == child ? 64 : 32) * kMebi;
    EXPECT_GE(figure.rss_peak_bytes, held);
    EXPECT_TRUE(!figure.pss_peak_bytes || *figure.pss_peak_bytes >= held);
    EXPECT_EQ(figure.parent, figure.pid == child ? ::getpid() : child);
    EXPECT_NE(figure.command, "");
  }
  EXPECT_GE(figures.rss_sum_peak_bytes, 96 * kMebi);
  if (!read_process_file(::getpid(), "smaps_rollup").empty()) {
    EXPECT_GE(figures.pss_sum_peak_bytes, 96 * kMebi);
    EXPECT_LE(figures.pss_sum_peak_bytes, figures.rss_sum_peak_bytes);
  }
}

TEST(ProcessSampler, SaysWhatItCostByTheClocksOfTheSystem) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const ProcessSampler sampler(child);
  const auto figures = sampler.finish();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(figures.num_samples, 1);
  EXPECT_GT(figures.cost_share, 0);
  EXPECT_GT(figures.wall_s, 0);
}

}  // namespace
}  // namespace moebench::machine
