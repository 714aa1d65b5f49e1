#include "harness/outer/agent.h"

#include <chrono>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/system_error.h"
#include "harness/launch/blocked_signals.h"
#include "harness/launch/descendants.h"
#include "harness/launch/process.h"
#include "harness/outer/frames.h"
#include "harness/outer/hello.h"
#include "harness/outer/remote_command.h"
#include "harness/outer/sockets.h"

namespace moebench::outer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kRetryS = 0.5;  // between two tries to reach rank 0, which may start later
constexpr double kGraceS = 2;    // from SIGTERM to SIGKILL

class Agent {
 public:
  Agent(const RankContract& contract, std::string host)
      : contract_(contract),
        host_(std::move(host)),
        deadline_(Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>(contract.wait_limit_s))) {}

  int run() {
    try {
      const int exit_code = join() ? obey() : kExitInterrupted;
      descendants_.end(kGraceS);
      return exit_code;
    } catch (...) {
      descendants_.end(kGraceS);
      throw;
    }
  }

 private:
  std::string rank_0() const { return fmt::format("{}:{}", contract_.address, contract_.port); }

  // False where a signal came first.
  bool join() {
    while (!launch::interrupted()) {
      std::string reason;
      control_ = connected(contract_.address, contract_.port, reason);
      if (control_.is_open()) return introduce();
      if (Clock::now() > deadline_) {
        throw Error(
            "rank {} cannot reach rank 0 at {} within {:g} s: {}; see that rank 0 runs, that "
            "MASTER_ADDR names its host, and that the port (MOEBENCH_PORT, else MASTER_PORT + 1) "
            "can be reached; MOEBENCH_WAIT_S gives it more time",
            contract_.rank, rank_0(), contract_.wait_limit_s, reason);
      }
      signals_.wait(kRetryS);
    }
    return false;
  }

  bool introduce() {
    notice_silence(control_);
    send_all(control_, encoded({Kind::kHello, hello_of(contract_, host_).text()}), kSendLimitS);
    while (!launch::interrupted()) {
      if (const auto answer = next_frame()) {
        if (answer->kind == Kind::kWelcome) return true;
        throw Error("rank 0 at {} refuses rank {} of host '{}': {}", rank_0(), contract_.rank,
                    host_, answer->body);
      }
      if (is_over_ || Clock::now() > deadline_) {
        throw Error(
            "what listens at {} does not answer rank {} as rank 0 of moebench would; see "
            "that MASTER_ADDR names its host and MOEBENCH_PORT its port",
            rank_0(), contract_.rank);
      }
      signals_.wait(kRetryS, {{control_.get(), POLLIN, 0}});
    }
    return false;
  }

  std::optional<Frame> next_frame() {
    if (!is_over_) reader_.add(receive(control_, is_over_));
    return reader_.next();
  }

  int obey() {
    while (!launch::interrupted()) {
      while (const auto frame = next_frame()) {
        if (frame->kind == Kind::kEnd) return parse_number<int>(frame->body).value_or(kExitSystem);
        if (frame->kind == Kind::kStart) take(frame->body);
      }
      if (is_over_) {
        throw SystemError(fmt::format(
            "rank 0 at {} is gone: it has ended without a word, or cannot be reached; what it had "
            "started on host '{}' is ended",
            rank_0(), host_));
      }
      if (command_ && !command_->step()) leave_command();
      std::vector<pollfd> entries = {{control_.get(), POLLIN, 0}};
      if (command_) {
        for (const pollfd& entry : command_->waits()) entries.push_back(entry);
      }
      signals_.wait(std::nullopt, entries);
    }
    return kExitInterrupted;
  }

  // A command ends the one before, if that has not ended.
  void take(const std::string& body) {
    leave_command();
    const std::size_t at = body.find('\n');
    std::string reason;
    Descriptor connection = connected(peer_address(control_), contract_.port, reason);
    if (!connection.is_open()) {
      throw SystemError(
          fmt::format("rank 0 at {} takes no more connections: {}", rank_0(), reason));
    }
    send_all(connection, encoded({Kind::kCommand, body.substr(0, at)}), kSendLimitS);
    command_.emplace(body.substr(at + 1), std::move(connection), signals_.old_mask(), descendants_);
  }

  void leave_command() {
    command_.reset();
    descendants_.end(kGraceS);
  }

  const RankContract& contract_;
  const std::string host_;
  const Clock::time_point deadline_;
  const launch::Descendants descendants_;
  const launch::BlockedSignals signals_;
  Descriptor control_;
  FrameReader reader_;
  bool is_over_ = false;  // the connection to rank 0
  std::optional<RemoteCommand> command_;
};

}  // namespace

int stand_by(const RankContract& contract, const std::string& host) {
  launch::handle_interrupts();
  return Agent(contract, host).run();
}

}  // namespace moebench::outer
