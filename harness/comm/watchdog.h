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
    std::function<void()> abort;         // frees what calls use
  };
  struct Limits {
    std::int64_t work_ns;  // of one piece of work, from its beginning; of one call
    // An abort waits this long for a call to return. Calls take microseconds, and seconds where
    // they set up connections; one that takes longer hangs for the reason of the abort, which alone
    // can end it.
    std::int64_t grace_ns;
  };
  struct Work {
    std::string name;
    std::function<bool()> has_begun;  // what it waits for has ended
    std::function<bool()> is_done;
  };

  Watchdog(Hooks hooks, Limits limits);
  ~Watchdog() { stop(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Watches a piece of work. Pieces begin and end in the order in which they are handed over.
  void watch(Work work);

  // Empty, or why the work was aborted or is about to be.
  std::string failure() const;

  // Ends the watching: after it nothing is aborted any more.
  void stop();

  // A call that uses what abort frees: while it lives, abort waits (see Limits). False where it
  // comes too late and must not be made. One at a time.
  class Call {
   public:
    Call(Watchdog& watchdog, const char* name);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    explicit operator bool() const { return allowed_; }

   private:
    Watchdog& watchdog_;
    bool allowed_;
  };

 private:
  struct Item {
    Work work;
    std::int64_t begun_ns;  // 0: not yet
  };

  void run();
  std::string complaint();
  std::string late_work();

  Hooks hooks_;
  Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  const char* call_ = nullptr;  // in progress
  std::int64_t call_begun_ns_ = 0;
  std::string failure_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace moebench::comm
