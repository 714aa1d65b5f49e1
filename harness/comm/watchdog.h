#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace moebench::comm {

// Watches work that goes on where nobody waits for it. When it fails, or takes too long, the
// watchdog aborts it, once, and keeps the reason.
class Watchdog {
 public:
  struct Hooks {
    std::function<void()> begin;         // first, on the watching thread
    std::function<std::string()> error;  // empty while all is well
    std::function<void()> abort;
  };

  Watchdog(Hooks hooks, std::int64_t limit_ns);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Work that ends in the order in which it is handed over.
  void watch(std::string name, std::function<bool()> is_done);

  // Empty, or why the work was aborted.
  std::string failure() const;

 private:
  struct Item {
    std::string name;
    std::function<bool()> is_done;
    std::int64_t since_ns;
  };

  void run();
  std::string complaint();

  Hooks hooks_;
  std::int64_t limit_ns_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::string failure_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace moebench::comm
