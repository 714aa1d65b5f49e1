#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/names.h"
#include "harness/record/record.h"

namespace moebench::record {

enum class SessionKind { kAb, kCalibration };
constexpr auto names_of(SessionKind) {
  return name_table<SessionKind>(
      {{SessionKind::kAb, "ab"}, {SessionKind::kCalibration, "calibration"}});
}

// A cell that a session plans to measure in pairs.
struct SessionCell {
  std::string id;         // of the base
  std::string candidate;  // the candidate's id; the base's where only the build differs
  std::string scenario;
  std::vector<std::pair<std::string, std::string>> axes;  // of the base, in printing order

  bool operator==(const SessionCell&) const = default;
};

// Holds what a session of pairs set itself before its first run: its results folder's session.json.
struct Session {
  SessionKind kind = SessionKind::kAb;
  std::string base;  // what the arms are, for people
  std::string candidate;
  std::vector<SessionCell> cells;
  std::vector<std::string> metrics;  // gated time metrics; empty: the default of each cell
  // Valid pairs of a cell after which it is judged. Those of `later_looks` count where the session
  // was extended by them. Set beforehand, as `reserve` is: what of alpha is kept for them.
  std::vector<int> looks;
  std::vector<int> later_looks{};  // go on ascending; empty in sessions of before they existed
  double reserve = 0;
  int extended = 0;          // of `later_looks`, those that count: all that changes later on
  double alpha = 0.005;      // of the family, all looks together
  double mde = 0.05;         // relative; what a pass rules out
  double busy_cores = 0.25;  // by which other processes may differ between the arms of a pair
  std::uint64_t seed = 0;    // of the order of runs

  // Returns the looks that count, ascending.
  std::vector<int> all_looks() const;
  // Returns the part of alpha that a look may spend. The reserve's are a half, a quarter, ..., so
  // that all looks together spend no more than alpha, however often a session is extended.
  double spending(std::size_t look) const;

  bool operator==(const Session&) const = default;
};

// What sessions set themselves from now on: pairs of up to four later looks, each twice those of
// the look before it.
inline constexpr double kReserve = 0.25;
inline constexpr int kNumLaterLooks = 4;
void plan_looks(Session& session, std::vector<int> looks);

// Says what of the plans differs, seeds and extensions aside: "base is 'a', not 'b'; looks are 6,
// not 12"; "" where nothing does.
std::string difference(const Session& session, const Session& other);

// nullopt where the folder has no session.json. Error names file, member and remedy.
std::optional<Session> load_session(const std::filesystem::path& folder);
void write_session(const std::filesystem::path& folder, const Session& session);

}  // namespace moebench::record
