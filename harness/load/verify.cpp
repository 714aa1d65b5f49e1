#include "harness/load/verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "harness/base/bfloat16.h"

namespace moebench::load {
namespace {

constexpr std::int64_t kBlockElements = 1 << 20;

// Equal, or both NaN: a NaN's payload survives a copy, but not the way over fp32 that is taken
// here.
template <typename T>
bool is_same_number(T loaded, float expected) {
  const T rounded = from_float<T>(expected);
  if (std::memcmp(&loaded, &rounded, sizeof(T)) == 0) return true;
  return expected != expected && to_float(loaded) != to_float(loaded);
}

class Verifier {
 public:
  Verifier(const Request& request, weights::CheckpointFiles& files)
      : request_(request), files_(files) {}

  std::string run() {
    for (const Group& group : request_.groups) {
      for (const Stack& stack : group.stacks) {
        std::string difference = request_.dtype == config::Dtype::kBf16
                                     ? check_stack<Bfloat16>(stack)
                                     : check_stack<float>(stack);
        if (!difference.empty()) return fmt::format("{}: {}", group.name, difference);
      }
    }
    return "";
  }

 private:
  template <typename T>
  std::string check_stack(const Stack& stack) {
    std::int64_t begin = 0;
    for (const Part& part : stack.parts) {
      std::string difference = check_part<T>(stack, part, begin);
      if (!difference.empty()) return difference;
      begin += part.num_elements();
    }
    return "";
  }

  // `begin`: of the part in the stack.
  template <typename T>
  std::string check_part(const Stack& stack, const Part& part, std::int64_t begin) {
    const std::int64_t keep_end = stack.keep_begin + stack.keep_elements;
    if (begin >= keep_end || begin + part.num_elements() <= stack.keep_begin) return "";
    const weights::CheckpointFiles::Tensor tensor = files_.find(part.tensor, part.shape);
    const auto* kept = reinterpret_cast<const T*>(stack.destination) - stack.keep_begin;
    for (std::int64_t at = 0; at < part.num_elements(); at += kBlockElements) {
      values_.resize(static_cast<std::size_t>(std::min(kBlockElements, part.num_elements() - at)));
      tensor.read(part.begin + at, values_);
      for (std::int64_t i = at; i < at + std::ssize(values_); ++i) {
        const std::int64_t place =
            begin + (stack.transposed ? i % part.cols * part.rows + i / part.cols : i);
        if (place < stack.keep_begin || place >= keep_end) continue;
        const float expected = values_[static_cast<std::size_t>(i - at)];
        if (is_same_number(kept[place], expected)) continue;
        return fmt::format("element {} of tensor '{}' was loaded as {}, the checkpoint has {}", i,
                           part.tensor, to_float(kept[place]), expected);
      }
    }
    return "";
  }

  const Request& request_;
  weights::CheckpointFiles& files_;
  std::vector<float> values_;
};

}  // namespace

std::string find_difference(const Request& request, weights::CheckpointFiles& files) {
  return Verifier(request, files).run();
}

}  // namespace moebench::load
