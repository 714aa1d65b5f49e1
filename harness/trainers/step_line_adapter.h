#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "harness/trainers/adapters_internal.h"
#include "harness/trainers/step_table.h"

namespace moebench::trainers {

// Reads a log of one line a step that says all there is.
class StepLineAdapter : public LineAdapter {
 public:
  using LineAdapter::LineAdapter;

 protected:
  virtual std::optional<Step> step_of(std::string_view line) const = 0;

 private:
  bool match(std::string_view line, std::int64_t) override {
    auto step = step_of(line);
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

  StepTable table_;
};

}  // namespace moebench::trainers
