#include "harness/comm/progress_thread.h"

#include <utility>

namespace moebench::comm {

ProgressThread::ProgressThread(std::function<void()> look, std::chrono::nanoseconds nap)
    : look_(std::move(look)), nap_(nap), thread_([this] { run(); }) {}

ProgressThread::~ProgressThread() {
  ends_ = true;
  begin();  // wakes it
  thread_.join();
}

void ProgressThread::begin() {
  if (num_moving_.fetch_add(1) == 0) num_moving_.notify_one();
}

void ProgressThread::end() { --num_moving_; }

void ProgressThread::run() {
  while (true) {
    num_moving_.wait(0);
    if (ends_) return;
    look_();
    std::this_thread::sleep_for(nap_);
  }
}

}  // namespace moebench::comm
