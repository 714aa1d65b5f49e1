#include "harness/measure/message_times.h"

#include <algorithm>
#include <vector>

#include "harness/base/check.h"

namespace moebench::measure {
namespace {

struct MessageLog {
  bool is_recording = false;
  std::vector<MessageTimes> messages;
};

thread_local MessageLog log_of_thread;

// At `ns` a message of the phase begins (1) or ends (-1) to be on its way; without a phase a wait.
struct Change {
  std::int64_t ns = 0;
  std::optional<Phase> phase{};
  int by = 0;
};

std::vector<Change> changes_of(std::span<const MessageTimes> messages) {
  std::vector<Change> changes;
  for (const MessageTimes& message : messages) {
    changes.push_back({message.started_ns, message.phase, 1});
    changes.push_back({std::max(message.started_ns, message.done_ns), message.phase, -1});
    changes.push_back({message.wait_begin_ns, std::nullopt, 1});
    changes.push_back({message.wait_end_ns, std::nullopt, -1});
  }
  std::ranges::sort(changes, {}, &Change::ns);
  return changes;
}

}  // namespace

PhaseTimes hidden_times(std::span<const MessageTimes> messages) {
  PhaseTimes times{};
  std::array<int, kNumPhases> num_moving{};
  int num_waits = 0;
  std::int64_t since_ns = 0;
  for (const Change& change : changes_of(messages)) {
    for (std::size_t i = 0; i < kNumPhases && num_waits == 0; ++i) {
      if (num_moving[i] > 0) times[i] += change.ns - since_ns;
    }
    since_ns = change.ns;
    (change.phase ? num_moving[static_cast<std::size_t>(*change.phase)] : num_waits) += change.by;
  }
  return times;
}

MessageRecorder::MessageRecorder() {
  MOEBENCH_CHECK(!log_of_thread.is_recording);
  log_of_thread = {.is_recording = true, .messages = {}};
}

MessageRecorder::~MessageRecorder() { log_of_thread = {}; }

std::optional<PhaseTimes> MessageRecorder::take() {
  auto& messages = log_of_thread.messages;
  if (messages.empty()) return std::nullopt;
  const PhaseTimes times = hidden_times(messages);
  messages.clear();
  return times;
}

void add_message(const MessageTimes& message) {
  if (log_of_thread.is_recording) log_of_thread.messages.push_back(message);
}

}  // namespace moebench::measure
