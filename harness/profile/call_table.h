#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/measure/phases.h"

namespace moebench::profile {

// Counts what one caller's calls of a function came to within a phase. Times are in ns.
struct CallCounts {
  std::int64_t calls = 0;
  std::int64_t primitive_calls = 0;  // without those within a call of the same function
  std::int64_t own_ns = 0;           // without what it calls
  std::int64_t cumulative_ns = 0;    // with it, recursion counted once

  void add(const CallCounts& other);
  bool operator==(const CallCounts&) const = default;
};

struct CallKey {
  measure::Phase phase = measure::Phase::kOther;
  std::string function;
  std::string caller;  // empty: called by the phase itself

  auto operator<=>(const CallKey&) const = default;
};

// Has one entry a function, caller and phase. The phases themselves are the functions named "":
// their calls are how often they were entered, their own time is what no function took of it.
using CallTable = std::map<CallKey, CallCounts>;

void add(const CallTable& from, CallTable& to);

// The calls of one thread, as a profiler of Python books them: each moment is the own time of the
// innermost function, or of the phase where none is on, and belongs to the phase that is on then.
// What a call counts (calls and cumulative time) belongs to the phase in which it ends. All own
// times together are the time from start() to stop().
class CallRecorder {
 public:
  void start(measure::Phase phase, std::int64_t now_ns);
  void begin(std::string_view function, std::int64_t now_ns);
  void end(std::int64_t now_ns);
  void change_phase(measure::Phase phase, std::int64_t now_ns);
  // Calls that are still open end here.
  void stop(std::int64_t now_ns);

  CallTable table() const;

 private:
  struct Frame {
    std::uint32_t function;
    std::uint32_t caller;
    std::int64_t begin_ns;
    bool primitive;
  };

  std::uint32_t id_of(std::string_view function);
  CallCounts& counts(std::uint32_t function, std::uint32_t caller);
  void settle(std::int64_t now_ns);
  void leave_phase(std::int64_t now_ns);

  std::deque<std::string> names_ = {""};  // whose elements stay where they are
  std::unordered_map<std::string_view, std::uint32_t> ids_;
  std::vector<std::uint32_t> on_stack_ = {0};  // of each function
  std::unordered_map<std::uint64_t, CallCounts> counts_;
  std::vector<Frame> stack_;
  measure::Phase phase_ = measure::Phase::kOther;
  std::int64_t phase_since_ns_ = 0;
  std::int64_t since_ns_ = 0;
};

}  // namespace moebench::profile
