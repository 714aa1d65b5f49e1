#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/trainers/adapters_internal.h"
#include "harness/trainers/log_json.h"
#include "harness/trainers/step_table.h"

namespace moebench::trainers {

// What Hugging Face's Trainer says: dictionaries on the console, which do not say their step;
// trainer_state.json and all_results.json, whole documents; and the JSON lines of trainers that are
// built on it, whose members beside its own the adapters derived from this one read.
class HfAdapter : public LineAdapter {
 public:
  using LineAdapter::LineAdapter;
  void begin_file(std::string_view name) override;

 protected:
  // Whether the entry could not be of another trainer than the adapter's.
  virtual bool is_own(const Json& entry) const = 0;
  // Whether the adapter reads it.
  virtual bool accepts(const Json&) const { return true; }
  // The entry that a JSON line holds.
  virtual Json unwrapped(Json line) const { return line; }
  virtual std::optional<std::int64_t> step_of(const Json& entry) const;
  // What the entry says beside loss, grad_norm and Trainer's counts of tokens.
  virtual void fill(const Json&, Step&) const {}
  // What fill() takes for a step's time: the seconds of a step, or a clock.
  virtual bool times_are_a_clock() const { return false; }

  void complete() override;
  bool has_interim_rate() const { return has_interim_rate_; }

 private:
  // Whose numbers count where a step is in several: those with the most digits and members first.
  enum Source { kLines, kState, kConsole, kNumSources };

  bool match(std::string_view line, std::int64_t number) final;
  bool read_entry(const Json& entry, Source source);
  bool read_totals(const Json& entry);
  void read_document();
  Step step_from(const Json& entry);
  StepTable joined() const;
  void join_unnumbered(StepTable& table) const;
  void number_console();
  void warn_of_extrapolation();

  StepTable tables_[kNumSources];
  std::vector<Step> unnumbered_;  // of the console, in its order
  std::string document_;          // the text of a .json file, as far as it has been read
  bool in_document_ = false;
  bool is_owned_ = false;
  std::optional<double> last_epoch_;  // on the console
  bool is_restarted_ = false;         // the epoch fell
  bool has_interim_rate_ = false;
  std::optional<double> load_s_;
};

}  // namespace moebench::trainers
