#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace moebench::comm {

// Lets messages move that have been started and that nobody waits for: a library that moves them
// within its own calls alone leaves them where they are while this process computes. Sleeps between
// two looks, so that it needs no core of its own, and altogether while no message is on its way.
class ProgressThread {
 public:
  class Message {
   public:
    virtual ~Message() = default;
    // Moves it; whether it has arrived, and needs no look any more. Called on the thread.
    virtual bool look() = 0;
  };

  explicit ProgressThread(std::chrono::nanoseconds nap);
  ~ProgressThread();
  ProgressThread(const ProgressThread&) = delete;
  ProgressThread& operator=(const ProgressThread&) = delete;

  void begin(Message& message);
  // From its return on the thread does not look at the message, which may have arrived before.
  void end(Message& message);

 private:
  void run();

  std::chrono::nanoseconds nap_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Message*> messages_;  // on their way
  bool ends_ = false;
  std::thread thread_;
};

// Has mpi_world() start such a thread; to be called before it.
void use_progress_thread();

}  // namespace moebench::comm
