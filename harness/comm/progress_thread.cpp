#include "harness/comm/progress_thread.h"

#include <algorithm>

namespace moebench::comm {

ProgressThread::ProgressThread(std::chrono::nanoseconds nap)
    : nap_(nap), thread_([this] { run(); }) {}

ProgressThread::~ProgressThread() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ProgressThread::begin(Message& message) {
  {
    const std::scoped_lock lock(mutex_);
    messages_.push_back(&message);
  }
  changed_.notify_one();
}

void ProgressThread::end(Message& message) {
  const std::scoped_lock lock(mutex_);
  std::erase(messages_, &message);
}

void ProgressThread::run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ends_ || !messages_.empty(); });
      if (ends_) return;
      std::erase_if(messages_, [](Message* message) { return message->look(); });
    }
    std::this_thread::sleep_for(nap_);
  }
}

}  // namespace moebench::comm
