// Ranks as processes of their own, over loopback: rank 0's end in one, each other rank in another.
#include "harness/outer/rendezvous.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <iostream>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/parse.h"
#include "harness/base/system_error.h"
#include "harness/base/temporary_folder.h"
#include "harness/launch/engine_start.h"
#include "harness/machine/processes.h"
#include "harness/outer/agent.h"
#include "harness/outer/agent_exec.h"
#include "harness/outer/frames.h"
#include "harness/outer/sockets.h"
#include "harness/testing/error_of.h"
#include "harness/testing/fake_worker.h"

namespace moebench::outer {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void sleep_ms(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

// True as soon as the condition is; no test depends on how long that takes.
bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 1200; ++i) {
    if (condition()) return true;
    sleep_ms(50);
  }
  return false;
}

// A copy of this process that runs `body`, with stdout and stderr in files.
class Copy {
 public:
  Copy(const std::filesystem::path& folder, const std::string& name,
       const std::function<int()>& body, int out = -1)
      : err_(folder / (name + ".err")), out_(folder / (name + ".out")), pid_(::fork()) {
    if (pid_ != 0) return;
    const auto open_file = [](const std::filesystem::path& path) {
      return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    };
    ::dup2(out >= 0 ? out : open_file(out_), STDOUT_FILENO);
    ::dup2(open_file(err_), STDERR_FILENO);
    try {
      ::_exit(body());
    } catch (const SystemError& error) {
      std::cerr << error.what() << std::endl;
      ::_exit(kExitSystem);
    } catch (const Error& error) {
      std::cerr << error.what() << std::endl;
      ::_exit(2);
    }
  }
  ~Copy() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  // The exit code; -signal where one ended it.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  void signal(int number) const { ::kill(pid_, number); }
  std::string out() const { return read_file(out_); }
  std::string err() const { return std::filesystem::exists(err_) ? read_file(err_) : ""; }

 private:
  std::filesystem::path err_, out_;
  pid_t pid_;
};

class OuterRanksTest : public ::testing::Test {
 protected:
  RankContract contract(int rank, int world_size = 2) const {
    RankContract contract;
    contract.source = "RANK";
    contract.rank = rank;
    contract.world_size = world_size;
    contract.port = port_;
    contract.wait_limit_s = 60;
    return contract;
  }

  std::unique_ptr<Copy> rank(const RankContract& contract, const std::string& host) const {
    return std::make_unique<Copy>(folder_.path(), "rank" + std::to_string(contract.rank),
                                  [=] { return stand_by(contract, host); });
  }

  // Rank 0 on host a: says which hosts have come, and ends with what end_driver() writes.
  std::unique_ptr<Copy> driver(const RankContract& contract) const {
    return std::make_unique<Copy>(folder_.path(), "driver", [this, contract] {
      Rendezvous rendezvous(contract, "a", socket());
      std::optional<std::vector<JoinedHost>> hosts;
      try {
        hosts = rendezvous.wait_for_all();
      } catch (const Error&) {
        rendezvous.end(2);
        throw;
      }
      std::string text;
      for (const JoinedHost& host : *hosts)
        text += host.name + ":" + std::to_string(host.slots) + " ";
      write_file_atomically(folder_.path() / "come", text);
      comes_true([&] { return std::filesystem::exists(folder_.path() / "end"); });
      const int exit_code = parse_number<int>(read_file(folder_.path() / "end")).value();
      rendezvous.end(exit_code);
      return exit_code;
    });
  }

  std::string wait_for_hosts() const {
    EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(folder_.path() / "come"); }));
    return read_file(folder_.path() / "come");
  }
  void end_driver(int exit_code) const {
    write_file_atomically(folder_.path() / "end", std::to_string(exit_code));
  }

  std::unique_ptr<Copy> start(const std::string& host, const std::string& command,
                              int out = -1) const {
    return std::make_unique<Copy>(
        folder_.path(), "exec-" + host, [=, this] { return agent_exec(socket(), host, {command}); },
        out);
  }

  std::filesystem::path socket() const { return folder_.path() / "socket"; }
  int sleepers() const { return machine::count_processes("sleep " + nap_ + " "); }
  // One in the shell's process group, one in a session of its own.
  std::string two_sleepers() const { return "setsid sleep " + nap_ + " & sleep " + nap_; }

  TemporaryFolder folder_;
  std::string nap_ = unusual_naptime();
  int port_ = launch::free_port();
};

TEST_F(OuterRanksTest, RankZeroKnowsTheHostsAndAllExitWithItsCode) {
  RankContract second = contract(2, 4);
  second.slots = 4;
  const auto one = rank(contract(1, 4), "a");
  const auto two = rank(second, "b");
  const auto three = rank(contract(3, 4), "b");
  const auto zero = driver(contract(0, 4));
  EXPECT_EQ(wait_for_hosts(), "a:2 b:5 ");
  struct stat status {};
  ASSERT_EQ(::stat(socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  end_driver(3);
  for (const auto& process : {&zero, &one, &two, &three}) EXPECT_EQ((*process)->wait(), 3);
}

TEST_F(OuterRanksTest, CommandsRunOnAHostAsBySsh) {
  const auto one = rank(contract(1), "b.example.org");
  const auto zero = driver(contract(0));
  wait_for_hosts();
  const auto command = start("b", "echo 'o  ut'; echo err >&2; exit 7");
  EXPECT_EQ(command->wait(), 7);
  EXPECT_EQ(command->out(), "o  ut\n");
  EXPECT_EQ(command->err(), "err\n");
  EXPECT_EQ(start("b.example.org", "kill -9 $$")->wait(), 128 + SIGKILL);
  const auto elsewhere = start("c", "true");
  EXPECT_EQ(elsewhere->wait(), 255);
  EXPECT_THAT(elsewhere->err(), HasSubstr("host 'c' is none of the outer launcher's"));
  end_driver(0);
  EXPECT_EQ(one->wait(), 0);
}

TEST_F(OuterRanksTest, WhatACommandLeavesBehindEndsWithIt) {
  const auto one = rank(contract(1), "b");
  const auto zero = driver(contract(0));
  wait_for_hosts();
  EXPECT_EQ(start("b", "setsid sleep " + nap_ + " & exit 5")->wait(), 5);
  EXPECT_EQ(sleepers(), 0);

  const auto killed = start("b", two_sleepers());
  ASSERT_TRUE(comes_true([&] { return sleepers() == 2; }));
  killed->signal(SIGKILL);
  EXPECT_TRUE(comes_true([&] { return sleepers() == 0; })) << "the caller is gone";
  EXPECT_EQ(start("b", "exit 4")->wait(), 4) << "the host takes another";
  end_driver(0);
}

TEST_F(OuterRanksTest, ASlowReaderHoldsUpNobodyElse) {
  const auto one = rank(contract(1, 3), "b");
  const auto two = rank(contract(2, 3), "c");
  const auto zero = driver(contract(0, 3));
  wait_for_hosts();
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  constexpr std::size_t kBytes = 20'000'000;  // more than pipes and sockets hold
  const auto slow = start("b", "head -c " + std::to_string(kBytes) + " /dev/zero; exit 6", pipe[1]);
  ::close(pipe[1]);
  EXPECT_EQ(start("c", "exit 4")->wait(), 4);
  std::size_t num_read = 0;
  std::string bytes(1 << 16, '\0');
  for (ssize_t size = 1; size > 0; num_read += static_cast<std::size_t>(size)) {
    size = ::read(pipe[0], bytes.data(), bytes.size());
  }
  ::close(pipe[0]);
  EXPECT_EQ(num_read, kBytes);
  EXPECT_EQ(slow->wait(), 6);
  end_driver(0);
}

TEST_F(OuterRanksTest, AKilledAgentIsNamedAndTheOtherHostsStay) {
  const auto one = rank(contract(1, 3), "b");
  const auto two = rank(contract(2, 3), "c");
  const auto zero = driver(contract(0, 3));
  wait_for_hosts();
  const auto command = start("b", two_sleepers());
  ASSERT_TRUE(comes_true([&] { return sleepers() == 2; }));
  one->signal(SIGKILL);
  EXPECT_EQ(command->wait(), 255);
  EXPECT_THAT(command->err(), AllOf(HasSubstr("host 'b' (127.0.0.1) is gone")));
  EXPECT_TRUE(comes_true([&] { return sleepers() == 0; }));
  const auto later = start("b", "true");
  EXPECT_EQ(later->wait(), 255);
  EXPECT_THAT(later->err(), AllOf(HasSubstr("host 'b' (127.0.0.1) is gone"), HasSubstr("rank 1")));
  EXPECT_EQ(start("c", "exit 4")->wait(), 4);
  end_driver(3);
  EXPECT_EQ(two->wait(), 3);
}

TEST_F(OuterRanksTest, AKilledDriverLeavesNothingOnAnyHost) {
  const auto one = rank(contract(1), "b");
  const auto zero = driver(contract(0));
  wait_for_hosts();
  const auto command = start("b", two_sleepers());
  ASSERT_TRUE(comes_true([&] { return sleepers() == 2; }));
  zero->signal(SIGKILL);
  EXPECT_EQ(one->wait(), kExitSystem);
  EXPECT_EQ(sleepers(), 0);
  EXPECT_THAT(one->err(), AllOf(HasSubstr("rank 0 at 127.0.0.1:"), HasSubstr("is gone")));
  EXPECT_EQ(command->wait(), 255);
}

TEST_F(OuterRanksTest, ATerminatedAgentEndsWhatItHasStarted) {
  const auto one = rank(contract(1), "b");
  const auto zero = driver(contract(0));
  wait_for_hosts();
  const auto command = start("b", two_sleepers());
  ASSERT_TRUE(comes_true([&] { return sleepers() == 2; }));
  one->signal(SIGTERM);
  EXPECT_EQ(one->wait(), 130);
  EXPECT_EQ(sleepers(), 0);
  EXPECT_EQ(command->wait(), 255);
}

TEST_F(OuterRanksTest, StrangersAreRefusedAndOthersStillCome) {
  const auto zero = driver([&] {
    RankContract own = contract(0);
    own.token = "right";
    return own;
  }());
  Descriptor stranger, silent;
  std::string reason;
  ASSERT_TRUE(comes_true([&] {
    stranger = connected("127.0.0.1", port_, reason);
    return stranger.is_open();
  }));
  silent = connected("127.0.0.1", port_, reason);
  send_all(stranger, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1);
  bool is_over = false;
  EXPECT_TRUE(comes_true([&] { return receive(stranger, is_over).empty() && is_over; }));
  Descriptor thief = connected("127.0.0.1", port_, reason);
  send_all(thief, encoded({Kind::kCommand, ""}), 1);
  EXPECT_TRUE(comes_true([&] { return receive(thief, is_over).empty() && is_over; }));

  RankContract other = contract(1);
  other.token = "wrong";
  const auto refused = rank(other, "b");
  EXPECT_EQ(refused->wait(), 2);
  EXPECT_THAT(refused->err(), HasSubstr("MOEBENCH_TOKEN is not that of rank 0"));
  other.token = "right";
  other.world_size = 3;
  const auto of_another_job = rank(other, "b");
  EXPECT_EQ(of_another_job->wait(), 2);
  EXPECT_THAT(of_another_job->err(), HasSubstr("MOEBENCH_PORT"));
  other.world_size = 2;
  const auto one = rank(other, "b");
  EXPECT_EQ(wait_for_hosts(), "a:1 b:1 ");
  const auto twin = rank(other, "b");
  EXPECT_EQ(twin->wait(), 2);
  EXPECT_THAT(twin->err(), HasSubstr("another process is rank 1 already"));
  end_driver(0);
  EXPECT_EQ(one->wait(), 0);
}

TEST_F(OuterRanksTest, MissingRanksAreNamed) {
  RankContract own = contract(0, 4);
  own.wait_limit_s = 1;
  const auto two = rank(contract(2, 4), "b");
  const auto zero = driver(own);
  EXPECT_EQ(zero->wait(), 2);
  EXPECT_THAT(zero->err(),
              AllOf(HasSubstr("rank 1, 3 did not come to port"), HasSubstr("MOEBENCH_WAIT_S")));
}

TEST_F(OuterRanksTest, ARankThatFindsNobodySaysWhereItLooked) {
  RankContract alone = contract(1);
  alone.wait_limit_s = 0.1;
  const std::string complaint = error_of([&] { stand_by(alone, "b"); });
  EXPECT_THAT(complaint, AllOf(HasSubstr("rank 1 cannot reach rank 0 at 127.0.0.1:"),
                               HasSubstr(std::to_string(port_)), HasSubstr("MASTER_ADDR"),
                               HasSubstr("Connection refused")));
}

TEST_F(OuterRanksTest, HostsOfOneNameAreRefused) {
  RankContract own = contract(0);
  RankContract other = contract(1);
  own.local_rank = other.local_rank = 0;
  const auto one = rank(other, "a");
  const auto zero = driver(own);
  EXPECT_EQ(zero->wait(), 2);
  EXPECT_THAT(zero->err(), AllOf(HasSubstr("ranks 0 and 1 both are local rank 0 of host 'a'")));
  EXPECT_EQ(one->wait(), 2);
}

TEST_F(OuterRanksTest, ATakenPortIsNamed) {
  const Descriptor taken = listen_on(0, true);
  RankContract own = contract(0);
  own.port = port_of(taken);
  const std::string complaint = error_of([&] { Rendezvous(own, "a", socket()); });
  EXPECT_THAT(complaint, AllOf(HasSubstr(std::to_string(own.port)), HasSubstr("MOEBENCH_PORT")));
}

}  // namespace
}  // namespace moebench::outer
