#include "harness/session/give_up.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace moebench::session {
namespace {

using record::CellRecord;
using record::Disposition;

constexpr std::size_t kMostFailedStarts = 3;

}  // namespace

std::string cause_of(const CellRecord& record) {
  std::string cause = std::string(to_string(record.disposition)) + ": ";
  std::string word;
  const auto end_word = [&] {
    const bool has_digit =
        std::ranges::any_of(word, [](unsigned char c) { return std::isdigit(c) != 0; });
    cause += has_digit ? "#" : word;
    word.clear();
  };
  for (const char c : record.message) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
      continue;
    }
    end_word();
    cause += c;
  }
  end_word();
  return cause;
}

void GiveUp::note(const CellRecord& record, const End& end) {
  if (end.reached_step || record.disposition == Disposition::kOk) can_start_ = true;
  if (record.disposition == Disposition::kOk) return;
  const std::string cause = cause_of(record);
  const bool is_new = causes_[record.id].insert(cause).second;
  if (record.disposition == Disposition::kUnsupported) {
    given_up_[record.id] = "since it cannot run here";
  } else if (!is_new) {
    given_up_[record.id] = "since it has failed twice alike";
  }
  if (end.is_known_failure || !reason_to_end_.empty()) return;
  if (fail_fast_) reason_to_end_ = "--fail-fast: a repetition has failed";
  note_failed_start(record, cause);
}

void GiveUp::note_failed_start(const CellRecord& record, const std::string& cause) {
  // What one cell is too large for, or asks for in vain, need not hold for the others.
  const bool is_of_all =
      record.disposition == Disposition::kCrashed || record.disposition == Disposition::kTimedOut;
  if (can_start_ || !is_of_all) return;
  if (first_cause_.empty()) first_cause_ = cause;
  if (cause != first_cause_) can_start_ = true;  // not all for one reason
  failed_alike_.insert(record.id);
  if (can_start_ || failed_alike_.size() < kMostFailedStarts) return;
  reason_to_end_ = fmt::format(
      "the first {} cells have all failed before their first step, the last one as {}: {}; see to "
      "that, or run others with --filter",
      failed_alike_.size(), to_string(record.disposition), record.message);
}

std::string GiveUp::reason_against(const std::string& id) const {
  const auto found = given_up_.find(id);
  return found == given_up_.end() ? "" : found->second;
}

}  // namespace moebench::session
