#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace moebench::outer {

// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int release();
  void close();

 private:
  int fd_ = -1;
};

// All sockets here are non-blocking and closed in programs that are started.

// Waits for connections on a port, of all interfaces or of loopback alone. Port 0: any that is
// free. Error, which names MOEBENCH_PORT, where the port is taken.
Descriptor listen_on(int port, bool is_loopback_only);
int port_of(const Descriptor& listening);
// Returns a connection that waits; one that is not open where none does.
Descriptor accepted(const Descriptor& listening);
// Tries the addresses that `host` has, for a few seconds each; not open, with the reason, where
// none answers.
Descriptor connected(const std::string& host, int port, std::string& reason);

// The same of a Unix socket that only its owner may use. Error where it cannot be made or reached.
Descriptor listen_at(const std::filesystem::path& path);
Descriptor connected_to(const std::filesystem::path& path);

// Lets the kernel end a connection whose other end does not answer for half a minute: a host that
// lost its power or its network says nothing.
void notice_silence(const Descriptor& socket);

// The address of the other end, as digits.
std::string peer_address(const Descriptor& socket);

// Sends all of it within the limit; false where the other end is gone or takes too long.
bool send_all(const Descriptor& socket, std::string_view bytes, double limit_s);
// Sends what fits now; returns how much, -1 where the other end is gone.
long send_some(const Descriptor& socket, std::string_view bytes);

// Hands over a descriptor with a message of a Unix socket; false where the other end is gone.
bool send_with_descriptor(const Descriptor& socket, std::string_view bytes, const Descriptor& sent);

// What has arrived, at most 64 KiB; empty where nothing has. `is_over` where nothing more will
// come. Keeps a descriptor that came with it in `received`, where that is not nullptr.
std::string receive(const Descriptor& socket, bool& is_over, Descriptor* received = nullptr);

}  // namespace moebench::outer
