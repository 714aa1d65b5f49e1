#include "harness/profile/pstats.h"

#include <bit>
#include <cstring>
#include <limits>
#include <map>

#include "harness/base/units.h"

namespace moebench::profile {
namespace {

struct Function {
  std::string file;
  std::string name;
  auto operator<=>(const Function&) const = default;
};

Function operation(const std::string& name) { return {"~", name}; }
Function of_phase(measure::Phase phase) { return {"moebench", to_string(phase)}; }
const Function kStep = {"moebench", "step"};

using Callers = std::map<Function, CallCounts>;

// Values as marshal writes them: a type code, then little-endian contents.
class Marshal {
 public:
  void code(char type) { text_ += type; }
  void integer(std::int64_t value) {
    code('i');
    constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
    raw(static_cast<std::uint32_t>(std::min(value, kMax)));
  }
  void seconds(std::int64_t ns) {
    code('g');
    const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(ns) / kNsPerSecond);
    raw(static_cast<std::uint32_t>(bits));
    raw(static_cast<std::uint32_t>(bits >> 32));
  }
  void string(const std::string& value) {
    code('u');
    raw(static_cast<std::uint32_t>(value.size()));
    text_ += value;
  }
  void tuple(std::uint32_t size) {
    code('(');
    raw(size);
  }
  void function(const Function& value) {
    tuple(3);
    string(value.file);
    integer(0);
    string(value.name);
  }
  std::string take() { return std::move(text_); }

 private:
  void raw(std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) text_ += static_cast<char>(value >> shift & 0xff);
  }

  std::string text_;
};

void write_callers(const Callers& callers, Marshal& out) {
  out.code('{');
  for (const auto& [caller, counts] : callers) {
    out.function(caller);
    out.tuple(4);
    out.integer(counts.calls);
    out.integer(counts.primitive_calls);
    out.seconds(counts.own_ns);
    out.seconds(counts.cumulative_ns);
  }
  out.code('0');
}

void write_function(const Function& function, const Callers& callers, Marshal& out) {
  CallCounts all;
  for (const auto& [caller, counts] : callers) all.add(counts);
  out.function(function);
  out.tuple(5);
  out.integer(all.primitive_calls);
  out.integer(all.calls);
  out.seconds(all.own_ns);
  out.seconds(all.cumulative_ns);
  write_callers(function == kStep ? Callers{} : callers, out);
}

}  // namespace

std::string to_pstats(const CallTable& table, std::int64_t num_steps) {
  std::map<Function, Callers> functions;
  CallCounts steps{num_steps, num_steps, 0, 0};
  for (const auto& [key, counts] : table) {
    steps.cumulative_ns += counts.own_ns;  // all own times together are the time of the steps
    if (key.function.empty()) {
      functions[of_phase(key.phase)][kStep].add(counts);
    } else {
      const Function caller = key.caller.empty() ? of_phase(key.phase) : operation(key.caller);
      functions[operation(key.function)][caller].add(counts);
    }
  }
  functions[kStep][kStep] = steps;
  Marshal out;
  out.code('{');
  for (const auto& [function, callers] : functions) write_function(function, callers, out);
  out.code('0');
  return out.take();
}

}  // namespace moebench::profile
