#include "harness/outer/agent_exec.h"

#include <fmt/ranges.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/outer/frames.h"
#include "harness/outer/sockets.h"

namespace moebench::outer {
namespace {

constexpr int kFailed = 255;  // as ssh says that it was not the command that failed

void print(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads it
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

class Client {
 public:
  Client(const std::filesystem::path& socket, std::string host)
      : host_(std::move(host)), driver_(connected_to(socket)) {}

  int run(const std::string& command) {
    if (command.size() + host_.size() > kMaxBody / 2) {
      throw Error("a command of {} bytes for host '{}' is too long", command.size(), host_);
    }
    send_all(driver_, encoded({Kind::kRequest, host_ + "\n" + command}), kSendLimitS);
    while (true) {
      std::array<pollfd, 2> entries = {pollfd{driver_.get(), POLLIN, 0},
                                       pollfd{agent_.get(), POLLIN, 0}};
      ::poll(entries.data(), entries.size(), -1);
      // The command's own end counts, where it has come together with that of the driver.
      if (entries[1].revents != 0) {
        if (const auto exit_code = hear_agent()) return *exit_code;
      }
      if (entries[0].revents != 0) hear_driver();
    }
  }

 private:
  std::optional<int> hear_agent() {
    bool is_over = false;
    from_agent_.add(receive(agent_, is_over));
    while (const auto frame = from_agent_.next()) {
      if (frame->kind == Kind::kOutput) print(STDOUT_FILENO, frame->body);
      if (frame->kind == Kind::kErrors) print(STDERR_FILENO, frame->body);
      if (frame->kind == Kind::kExit) return parse_number<int>(frame->body).value_or(kFailed);
    }
    if (is_over) {
      throw Error("host '{}' ({}) is gone: the connection to it has ended", host_, address_);
    }
    return std::nullopt;
  }

  void hear_driver() {
    bool is_over = false;
    Descriptor sent;
    from_driver_.add(receive(driver_, is_over, &sent));
    if (sent.is_open()) agent_ = std::move(sent);
    while (const auto frame = from_driver_.next()) {
      if (frame->kind == Kind::kRefusal) throw Error(frame->body);
      if (frame->kind != Kind::kConnected) continue;
      address_ = frame->body;
      send_all(agent_, encoded({Kind::kGo, ""}), kSendLimitS);
    }
    if (is_over) throw Error("rank 0 of the outer launcher, which drives, is gone");
  }

  std::string host_;
  Descriptor driver_;
  Descriptor agent_;  // open once it has connected
  std::string address_;
  FrameReader from_driver_, from_agent_;
};

}  // namespace

int agent_exec(const std::filesystem::path& socket, const std::string& host,
               const std::vector<std::string>& command) {
  try {
    return Client(socket, host).run(fmt::format("{}", fmt::join(command, " ")));
  } catch (const Error& error) {
    std::cerr << "moebench: " << error.what() << '\n';
    return kFailed;
  }
}

}  // namespace moebench::outer
