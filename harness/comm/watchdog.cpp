#include "harness/comm/watchdog.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "harness/measure/clock.h"

namespace moebench::comm {
namespace {

// Often enough to end a hang early, and rarely enough to cost nothing.
constexpr std::int64_t kPeriodNs = 100'000'000;

}  // namespace

Watchdog::Watchdog(Hooks hooks, std::int64_t limit_ns)
    : hooks_(std::move(hooks)), limit_ns_(limit_ns), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::watch(std::string name, std::function<bool()> is_done) {
  const std::lock_guard lock(mutex_);
  items_.push_back({std::move(name), std::move(is_done), measure::now_ns()});
}

std::string Watchdog::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

// Under the lock.
std::string Watchdog::complaint() {
  const std::string error = hooks_.error();
  if (!error.empty()) return error;
  while (!items_.empty() && items_.front().is_done()) items_.pop_front();
  if (items_.empty()) return "";
  const std::int64_t waited = measure::now_ns() - items_.front().since_ns;
  if (waited < limit_ns_) return "";
  return fmt::format("{} did not end within {:.1f} s; a peer has died or waits elsewhere",
                     items_.front().name, static_cast<double>(limit_ns_) * 1e-9);
}

void Watchdog::run() {
  if (hooks_.begin) hooks_.begin();
  const auto period =
      std::chrono::nanoseconds(std::clamp<std::int64_t>(limit_ns_ / 4, 1, kPeriodNs));
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, period);
    if (stopping_) return;
    failure_ = complaint();
    if (failure_.empty()) continue;
    hooks_.abort();
    return;
  }
}

}  // namespace moebench::comm
