#include "harness/comm/watchdog.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "harness/base/check.h"
#include "harness/measure/clock.h"

namespace moebench::comm {
namespace {

// Often enough to end a hang early, and rarely enough to cost nothing.
constexpr std::int64_t kPeriodNs = 100'000'000;

std::string too_late(const std::string& name, const char* verb, std::int64_t limit_ns) {
  return fmt::format("{} did not {} within {:.1f} s; a peer has died or waits elsewhere", name,
                     verb, static_cast<double>(limit_ns) * 1e-9);
}

}  // namespace

Watchdog::Watchdog(Hooks hooks, Limits limits)
    : hooks_(std::move(hooks)), limits_(limits), thread_([this] { run(); }) {}

void Watchdog::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::watch(Work work) {
  const std::lock_guard lock(mutex_);
  items_.push_back({std::move(work), 0});
}

std::string Watchdog::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

Watchdog::Call::Call(Watchdog& watchdog, const char* name) : watchdog_(watchdog) {
  const std::lock_guard lock(watchdog_.mutex_);
  MOEBENCH_CHECK(watchdog_.call_ == nullptr);
  allowed_ = watchdog_.failure_.empty();
  if (!allowed_) return;
  watchdog_.call_ = name;
  watchdog_.call_begun_ns_ = measure::now_ns();
}

Watchdog::Call::~Call() {
  if (!allowed_) return;
  {
    const std::lock_guard lock(watchdog_.mutex_);
    watchdog_.call_ = nullptr;
  }
  watchdog_.changed_.notify_all();
}

// Runs under the lock.
std::string Watchdog::complaint() {
  const std::string error = hooks_.error();
  if (!error.empty()) return error;
  if (call_ != nullptr && measure::now_ns() - call_begun_ns_ >= limits_.work_ns) {
    return too_late(call_, "return", limits_.work_ns);
  }
  return late_work();
}

// Runs under the lock. Work counts from where it begins and not from where it was handed over: what
// it waits for, its own computation or the work before it, may take as long as it likes.
std::string Watchdog::late_work() {
  while (!items_.empty() && items_.front().work.is_done()) items_.pop_front();
  if (items_.empty()) return "";
  Item& first = items_.front();
  if (first.begun_ns == 0) {
    if (first.work.has_begun()) first.begun_ns = measure::now_ns();
    return "";
  }
  if (measure::now_ns() - first.begun_ns < limits_.work_ns) return "";
  return too_late(first.work.name, "end", limits_.work_ns);
}

void Watchdog::run() {
  if (hooks_.begin) hooks_.begin();
  const auto period =
      std::chrono::nanoseconds(std::clamp<std::int64_t>(limits_.work_ns / 4, 1, kPeriodNs));
  std::unique_lock lock(mutex_);
  while (true) {
    if (changed_.wait_for(lock, period, [this] { return stopping_; })) return;
    failure_ = complaint();
    if (failure_.empty()) continue;
    changed_.wait_for(lock, std::chrono::nanoseconds(limits_.grace_ns),
                      [this] { return call_ == nullptr; });
    lock.unlock();  // who asks for the failure need not wait until the abort is over
    hooks_.abort();
    return;
  }
}

}  // namespace moebench::comm
