#include "harness/outer/rendezvous.h"

#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/host_name.h"
#include "harness/base/printable.h"
#include "harness/base/system_error.h"
#include "harness/outer/arrivals.h"
#include "harness/outer/frames.h"
#include "harness/outer/hello.h"
#include "harness/outer/sockets.h"

namespace moebench::outer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kFirstWordsLimit(10);  // else a connection is closed
constexpr std::size_t kMaxStrangers = 128;            // connections that have said nothing yet

// Each rank has a connection, and what this process has beside them is far less than 256.
void allow_descriptors(int num_ranks) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t wanted = static_cast<rlim_t>(num_ranks) + kMaxStrangers + 256;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// What nobody can guess who has not been told.
std::string new_secret() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw_errno(errno, "the system gives no random numbers");
  }
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

}  // namespace

class Rendezvous::Server {
  // What a connection has turned out to be.
  enum class Role { kUnknown, kRank, kRequest };

  struct Peer {
    Descriptor socket;
    Role role = Role::kUnknown;
    FrameReader reader{};
    Clock::time_point since = Clock::now();
    std::string address{};         // of another host's
    std::optional<Hello> hello{};  // of a rank
    int agent = -1;                // of a request: the rank that runs its command
    std::string secret{};          // of a request: what the command's connection must say
  };

 public:
  Server(const RankContract& contract, std::string host, const std::filesystem::path& socket)
      : contract_(contract),
        host_(std::move(host)),
        ranks_(listen_on(contract.port, contract.is_one_host)),
        requests_(listen_at(socket)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    allow_descriptors(contract.world_size);
    sigset_t all, old;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &old);
    thread_ = std::thread([this] { serve(); });
    ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  }

  ~Server() { stop(std::nullopt); }

  int port() const { return port_of(ranks_); }

  // Ends the thread; with a code the ranks get it.
  void stop(std::optional<int> exit_code) {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      exit_code_ = exit_code;
      is_stopping_ = true;
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
    thread_.join();
  }

  std::optional<std::vector<JoinedHost>> wait_for_all() {
    return arrivals_.wait_for_all(contract_, host_, fmt::format("port {} of {}", port(), host_));
  }

 private:
  void serve() {
    while (true) {
      std::vector<pollfd> entries = {{wake_.get(), POLLIN, 0}, {requests_.get(), POLLIN, 0}};
      // Strangers may hold no more than some descriptors of this process.
      const bool takes_more = std::ranges::count(peers_, Role::kUnknown, &Peer::role) <
                              static_cast<std::ptrdiff_t>(kMaxStrangers);
      entries.push_back({takes_more ? ranks_.get() : -1, POLLIN, 0});
      for (const Peer& peer : peers_) entries.push_back({peer.socket.get(), POLLIN, 0});
      ::poll(entries.data(), entries.size(), 1000);
      if (const std::lock_guard lock(mutex_); is_stopping_) break;
      // Those that are accepted below are looked at the next time.
      const std::size_t num_asked = peers_.size();
      for (std::size_t i = 0; i < num_asked; ++i) {
        if (entries[i + 3].revents != 0) listen_to(peers_[i]);
      }
      for (const Descriptor* listening : {&requests_, &ranks_}) take_connections(*listening);
      drop_the_silent();
      std::erase_if(peers_, [](const Peer& peer) { return !peer.socket.is_open(); });
    }
    if (exit_code_) tell_all(*exit_code_);
    peers_.clear();
  }

  void take_connections(const Descriptor& listening) {
    for (Descriptor socket = accepted(listening); socket.is_open(); socket = accepted(listening)) {
      const bool is_rank = &listening == &ranks_;
      peers_.push_back(
          {.socket = std::move(socket), .role = is_rank ? Role::kUnknown : Role::kRequest});
      if (!is_rank) continue;
      notice_silence(peers_.back().socket);
      peers_.back().address = peer_address(peers_.back().socket);
    }
  }

  void drop_the_silent() {
    for (Peer& peer : peers_) {
      if (peer.role == Role::kUnknown && Clock::now() - peer.since > kFirstWordsLimit) {
        peer.socket.close();
      }
    }
  }

  void listen_to(Peer& peer) {
    if (!peer.socket.is_open()) return;  // closed meanwhile, for what another has said
    bool is_over = false;
    try {
      peer.reader.add(receive(peer.socket, is_over));
      while (const auto frame = peer.reader.next()) {
        if (!obey(peer, *frame)) return;
      }
    } catch (const Error& error) {
      note_refusal(peer, error.what());
      is_over = true;
    }
    if (!is_over) return;
    if (peer.role == Role::kRank) lose(peer);
    peer.socket.close();
  }

  // False where the peer is to be asked nothing more: it is closed, or another's.
  bool obey(Peer& peer, const Frame& frame) {
    if (peer.role == Role::kUnknown && frame.kind == Kind::kHello) return welcome(peer, frame.body);
    if (peer.role == Role::kUnknown && frame.kind == Kind::kCommand) {
      hand_over(peer, frame.body);
      return false;
    }
    if (peer.role == Role::kRequest && frame.kind == Kind::kRequest && peer.agent < 0) {
      request(peer, frame.body);
      return peer.socket.is_open();
    }
    throw Error("what has arrived is out of its turn");
  }

  bool welcome(Peer& peer, const std::string& text) {
    const Hello hello = parse_hello(text);
    std::string reason = why_refused(hello, contract_);
    if (reason.empty() && !arrivals_.add(hello)) {
      reason = fmt::format("another process is rank {} already", hello.rank);
    }
    if (!reason.empty()) {
      send_all(peer.socket, encoded({Kind::kRefusal, reason}), kSendLimitS);
      note_refusal(peer, reason);
      peer.socket.close();
      return false;
    }
    peer.role = Role::kRank;
    peer.hello = hello;
    send_all(peer.socket, encoded({Kind::kWelcome, ""}), kSendLimitS);
    return true;
  }

  void note_refusal(const Peer& peer, const std::string& reason) {
    if (peer.role != Role::kUnknown) return;
    arrivals_.note_refusal(fmt::format("refused {}: {}", peer.address, printable(reason)));
  }

  // The lowest rank of the host that is alive; nullptr where none is.
  Peer* agent_of(const std::string& host) {
    Peer* agent = nullptr;
    for (Peer& peer : peers_) {
      if (peer.role != Role::kRank || !peer.socket.is_open()) continue;
      if (short_host_name(peer.hello->host) != short_host_name(host)) continue;
      if (agent == nullptr || peer.hello->rank < agent->hello->rank) agent = &peer;
    }
    return agent;
  }

  void request(Peer& peer, const std::string& body) {
    const std::size_t at = body.find('\n');
    const std::string host = body.substr(0, at);
    Peer* const agent = agent_of(host);
    if (agent == nullptr) {
      refuse(peer, gone_.contains(short_host_name(host))
                       ? gone_.at(short_host_name(host))
                       : fmt::format("host '{}' is none of the outer launcher's", host));
      return;
    }
    peer.agent = agent->hello->rank;
    peer.secret = new_secret();
    const std::string command = at == std::string::npos ? "" : body.substr(at + 1);
    if (!send_all(agent->socket, encoded({Kind::kStart, peer.secret + "\n" + command}),
                  kSendLimitS)) {
      lose(*agent);
      agent->socket.close();
    }
  }

  void refuse(Peer& request, const std::string& reason) {
    send_all(request.socket, encoded({Kind::kRefusal, reason}), kSendLimitS);
    request.socket.close();
  }

  // What an agent says on the connection goes to agent_exec() without us.
  void hand_over(Peer& peer, const std::string& secret) {
    const auto request = std::ranges::find_if(peers_, [&](const Peer& other) {
      return other.role == Role::kRequest && !other.secret.empty() && other.secret == secret;
    });
    if (request != peers_.end() && request->socket.is_open()) {
      request->secret.clear();
      send_with_descriptor(request->socket, encoded({Kind::kConnected, peer.address}), peer.socket);
    }
    peer.socket.close();
  }

  // What a rank's host was to do is not done.
  void lose(const Peer& rank) {
    const std::string text = fmt::format(
        "host '{}' ({}) is gone: rank {} of the outer launcher, which starts ranks there, has "
        "ended "
        "or cannot be reached",
        rank.hello->host, rank.address, rank.hello->rank);
    gone_[short_host_name(rank.hello->host)] = text;
    for (Peer& peer : peers_) {
      if (peer.role == Role::kRequest && peer.agent == rank.hello->rank && peer.socket.is_open()) {
        refuse(peer, text);
      }
    }
  }

  void tell_all(int exit_code) {
    for (const Peer& peer : peers_) {
      if (peer.role != Role::kRank) continue;
      send_all(peer.socket, encoded({Kind::kEnd, std::to_string(exit_code)}), kSendLimitS);
    }
  }

  const RankContract contract_;
  const std::string host_;
  Descriptor ranks_;     // listens to them
  Descriptor requests_;  // listens to agent_exec()
  Descriptor wake_;
  std::vector<Peer> peers_;                  // of the thread alone
  std::map<std::string, std::string> gone_;  // of the thread alone: why, by a host's short name
  Arrivals arrivals_;
  std::mutex mutex_;  // for what follows
  std::optional<int> exit_code_;
  bool is_stopping_ = false;
  std::thread thread_;
};

Rendezvous::Rendezvous(const RankContract& contract, std::string host,
                       const std::filesystem::path& socket)
    : server_(std::make_unique<Server>(contract, std::move(host), socket)) {}

Rendezvous::~Rendezvous() = default;

int Rendezvous::port() const { return server_->port(); }

std::optional<std::vector<JoinedHost>> Rendezvous::wait_for_all() {
  return server_->wait_for_all();
}

void Rendezvous::end(int exit_code) { server_->stop(exit_code); }

}  // namespace moebench::outer
