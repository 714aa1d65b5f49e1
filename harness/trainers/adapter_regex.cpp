#include <utility>

#include "harness/trainers/adapters_internal.h"
#include "harness/trainers/step_pattern.h"
#include "harness/trainers/step_table.h"

namespace moebench::trainers {
namespace {

// What the numbers mean, a pattern does not say.
class RegexAdapter : public LineAdapter {
 public:
  explicit RegexAdapter(const AdapterOptions& options)
      : LineAdapter(Meaning()), pattern_(options.pattern) {}

 private:
  bool match(std::string_view line, std::int64_t) override {
    auto step = pattern_.step_in(line);
    if (!step) return false;
    table_.add(std::move(*step));
    return true;
  }

  void complete() override {
    if (table_.empty()) return;
    RankLog rank_log;
    rank_log.steps = table_.finish(Entries::kOfOneStep, "log", log().warnings);
    log().ranks.push_back(std::move(rank_log));
  }

  StepPattern pattern_;
  StepTable table_;
};

std::unique_ptr<Adapter> make_regex(const AdapterOptions& options) {
  return std::make_unique<RegexAdapter>(options);
}

}  // namespace

AdapterInfo regex_adapter() {
  return {"regex",
          "any trainer that prints a line a step, by a pattern with named groups",
          {"stdout", "stderr"},
          {},
          make_regex};
}

}  // namespace moebench::trainers
