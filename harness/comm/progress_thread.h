#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace moebench::comm {

// Lets messages move that have been started and that nobody waits for: a library that moves them
// within its own calls alone leaves them where they are while this process computes. Sleeps between
// two looks, so that it needs no core of its own, and altogether while no message is on its way.
class ProgressThread {
 public:
  // `look` is called on the thread.
  ProgressThread(std::function<void()> look, std::chrono::nanoseconds nap);
  ~ProgressThread();
  ProgressThread(const ProgressThread&) = delete;
  ProgressThread& operator=(const ProgressThread&) = delete;

  // Each message from its start until somebody waits for it.
  void begin();
  void end();

 private:
  void run();

  std::function<void()> look_;
  std::chrono::nanoseconds nap_;
  std::atomic<int> num_moving_ = 0;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

// Has mpi_world() start such a thread; to be called before it.
void use_progress_thread();

}  // namespace moebench::comm
