#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace moebench::outer {

// What processes of one run say to one another. The comment says who to whom, and what the body is.
enum class Kind : char {
  kHello = 'h',    // a rank to rank 0: a JSON object (hello.h)
  kWelcome = 'w',  // rank 0 to a rank
  kRefusal = 'r',  // rank 0 to a rank: why it does not belong to this run
  kStart = 's',    // rank 0 to an agent: a secret, a newline, a command of the shell
  kEnd = 'q',      // rank 0 to a rank: its exit code
  kCommand = 'c',  // an agent on a new connection: the secret of the command that it is for
  kGo = 'g',       // agent_exec to the agent on that connection: start it
  kOutput = 'o',   // the agent to agent_exec: what the command has printed to stdout
  kErrors = 'e',   // the same of stderr
  kExit = 'x',     // the same: the command's exit code
  kRequest = 'n',  // agent_exec to rank 0 on this host: a host, a newline, a command
  kConnected =
      'd'  // rank 0 to agent_exec, with the descriptor of the agent's connection: who it is
};

struct Frame {
  Kind kind = Kind::kHello;
  std::string body;
};

// Bytes of the longest body.
inline constexpr std::size_t kMaxBody = std::size_t{64} << 10;

// For a process to take a few bytes.
inline constexpr double kSendLimitS = 10;

// A frame as it travels: the length of the body in four bytes, the highest first, the kind, the
// body.
std::string encoded(const Frame& frame);

// Finds the frames in what has arrived, in whatever pieces.
class FrameReader {
 public:
  void add(std::string_view bytes) { bytes_ += bytes; }
  // The next whole frame. Error where what has arrived cannot be one.
  std::optional<Frame> next();

 private:
  std::string bytes_;
};

}  // namespace moebench::outer
