#pragma once

#include <poll.h>
#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "harness/launch/descendants.h"
#include "harness/outer/frames.h"
#include "harness/outer/sockets.h"

namespace moebench::outer {

// A command that agent_exec() has asked for, on a connection of its own. It starts once the other
// end says so, its output travels as fast as the other end takes it, and what it leaves behind is
// ended before its exit code is told.
class RemoteCommand {
 public:
  // `mask`: the signals that are blocked in what is started. `descendants` finds what that is.
  RemoteCommand(std::string command, Descriptor connection, const sigset_t& mask,
                const launch::Descendants& descendants);

  // What to wait for before the next step(), beside the end of a child.
  std::vector<pollfd> waits() const;

  // Does what can be done without waiting. False once all is over: the exit code has been sent, or
  // the connection has ended. What was started may live then; it is the caller's to end.
  bool step();

 private:
  void start();
  void reap();
  void forward(Descriptor& pipe, Kind kind);
  bool send_unsent();
  bool has_room() const;

  std::string command_;
  Descriptor connection_;
  sigset_t mask_;
  const launch::Descendants& descendants_;
  FrameReader reader_;
  Descriptor out_, err_;  // of the child; open as long as more may come
  std::string unsent_;
  pid_t child_ = 0;  // 0: it has not started
  bool is_running_ = false;
  int exit_code_ = 0;
  bool is_told_ = false;
};

}  // namespace moebench::outer
