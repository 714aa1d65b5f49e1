#include "harness/outer/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/system_error.h"

namespace moebench::outer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kConnectMs = 5000;  // for one address to answer
constexpr int kQueue = 1024;      // of ranks that come at once
constexpr int kSilenceS = 30;     // after which the other end is taken for gone
constexpr int kFirstQuestionS = 10;
constexpr std::size_t kReceivedPiece = std::size_t{64} << 10;

sockaddr* as_any(void* address) { return static_cast<sockaddr*>(address); }

Descriptor new_socket(int family, int type = SOCK_STREAM) {
  return Descriptor(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void set(const Descriptor& socket, int level, int name, int value) {
  ::setsockopt(socket.get(), level, name, &value, sizeof value);
}

[[noreturn]] void refuse_port(int port, int reason) {
  if (reason == EADDRINUSE || reason == EACCES) {
    throw Error(
        "rank 0 cannot wait for the other ranks on port {}: {}; let MOEBENCH_PORT name "
        "another in all processes",
        port, std::strerror(reason));
  }
  throw_errno(reason, "rank 0 cannot wait for the other ranks on port " + std::to_string(port));
}

bool is_ready(const Descriptor& socket, short events, int limit_ms) {
  pollfd entry{socket.get(), events, 0};
  int count = 0;
  do {
    count = ::poll(&entry, 1, limit_ms);
  } while (count < 0 && errno == EINTR);
  return count > 0;
}

// Of one of a host's addresses; errno, 0 where it has answered.
int connect_one(const addrinfo& address, Descriptor& socket) {
  socket = new_socket(address.ai_family);
  if (!socket.is_open()) return errno;
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!is_ready(socket, POLLOUT, kConnectMs)) return ETIMEDOUT;
  int reason = 0;
  socklen_t size = sizeof reason;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &reason, &size);
  return reason;
}

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    throw Error("'{}' is too long a name for a socket; let TMPDIR name a shorter folder", text);
  }
  text.copy(address.sun_path, text.size());
  return address;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.release();
  }
  return *this;
}

int Descriptor::release() { return std::exchange(fd_, -1); }

void Descriptor::close() {
  if (fd_ >= 0) ::close(release());
}

Descriptor listen_on(int port, bool is_loopback_only) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<std::uint16_t>(port));
  v4.sin_addr.s_addr = htonl(is_loopback_only ? INADDR_LOOPBACK : INADDR_ANY);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = v4.sin_port;
  // IPv6 where there is any: such a socket takes connections over IPv4, too.
  Descriptor socket;
  if (!is_loopback_only) socket = new_socket(AF_INET6);
  const bool is_v6 = socket.is_open();
  if (!is_v6) socket = new_socket(AF_INET);
  if (!socket.is_open()) throw_errno(errno, "cannot open a socket");
  if (is_v6) set(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // Else a port is taken for a minute after the run before.
  set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  const int bound = is_v6 ? ::bind(socket.get(), as_any(&v6), sizeof v6)
                          : ::bind(socket.get(), as_any(&v4), sizeof v4);
  if (bound != 0 || ::listen(socket.get(), kQueue) != 0) refuse_port(port, errno);
  return socket;
}

int port_of(const Descriptor& listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(listening.get(), as_any(&address), &size);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

Descriptor accepted(const Descriptor& listening) {
  return Descriptor(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

Descriptor connected(const std::string& host, int port, std::string& reason) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failure != 0) {
    reason = ::gai_strerror(failure);
    return {};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    Descriptor socket;
    const int code = connect_one(*address, socket);
    if (code == 0) return socket;
    reason = std::strerror(code);
  }
  return {};
}

Descriptor listen_at(const std::filesystem::path& path) {
  sockaddr_un address = address_of(path);
  Descriptor socket = new_socket(AF_UNIX);
  if (!socket.is_open()) throw_errno(errno, "cannot open a socket");
  // What fchmod says of a socket before bind is what its file gets: it is never open to others.
  ::fchmod(socket.get(), S_IRUSR | S_IWUSR);
  if (::bind(socket.get(), as_any(&address), sizeof address) != 0 ||
      ::listen(socket.get(), kQueue) != 0) {
    throw_errno(errno, "cannot make the socket '" + path.string() + "'");
  }
  return socket;
}

Descriptor connected_to(const std::filesystem::path& path) {
  sockaddr_un address = address_of(path);
  Descriptor socket = new_socket(AF_UNIX);
  if (!socket.is_open() || ::connect(socket.get(), as_any(&address), sizeof address) != 0) {
    throw_errno(errno, "cannot reach the run at '" + path.string() + "'");
  }
  return socket;
}

void notice_silence(const Descriptor& socket) {
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, kFirstQuestionS);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, kFirstQuestionS / 2);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, (kSilenceS - kFirstQuestionS) / (kFirstQuestionS / 2));
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kSilenceS * 1000);
}

std::string peer_address(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, NI_MAXHOST> text{};
  if (::getpeername(socket.get(), as_any(&address), &size) != 0 ||
      ::getnameinfo(as_any(&address), size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) !=
          0) {
    return "an unknown address";
  }
  const std::string digits = text.data();
  const std::string v4_in_v6 = "::ffff:";
  return digits.starts_with(v4_in_v6) ? digits.substr(v4_in_v6.size()) : digits;
}

bool send_all(const Descriptor& socket, std::string_view bytes, double limit_s) {
  const auto deadline = Clock::now() + std::chrono::duration<double>(limit_s);
  while (!bytes.empty()) {
    const long sent = send_some(socket, bytes);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (bytes.empty()) break;
    const double left = std::chrono::duration<double>(deadline - Clock::now()).count();
    if (left <= 0 || !is_ready(socket, POLLOUT, static_cast<int>(left * 1000) + 1)) return false;
  }
  return true;
}

long send_some(const Descriptor& socket, std::string_view bytes) {
  const ssize_t sent =
      ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return static_cast<long>(sent);
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

bool send_with_descriptor(const Descriptor& socket, std::string_view bytes,
                          const Descriptor& sent) {
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = sent.get();
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return ::sendmsg(socket.get(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

std::string receive(const Descriptor& socket, bool& is_over, Descriptor* received) {
  std::string bytes(kReceivedPiece, '\0');
  iovec piece{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (received != nullptr) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  const ssize_t size = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  is_over = size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
  if (size <= 0) return "";
  const cmsghdr* header = received == nullptr ? nullptr : CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    *received = Descriptor(fd);
  }
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace moebench::outer
