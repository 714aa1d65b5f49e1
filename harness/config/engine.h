#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moebench::config {

inline constexpr const char* kBuiltinEngine = "builtin";

// The trainer that a cell starts: moebench-rank, or what an entry of the scenario file's `engines`
// (engines.h) comes to for the cell. Texts hold no placeholders but those that are known when a
// repetition starts: {out}, {port}, {events}.
struct EngineConfig {
  std::string name = kBuiltinEngine;
  std::vector<std::string> command{};      // words; empty: built in
  std::vector<std::string> environment{};  // "NAME=VALUE"
  std::string adapter = "events";          // that reads its logs (trainers/README.md); or "none"
  std::vector<std::string> logs{};         // files of the adapter, where they are not its own
  std::string pattern{};                   // of adapter regex
  std::vector<std::string> meaning{};      // of its numbers, as trainers::parse_meaning takes it
  bool starts_ranks = true;                // the command starts all ranks; or it is one rank
  bool same_numerics = false;              // its losses must be those of other arms
  bool provides_phases = false;            // its log has the phases of a step; in no file
  std::vector<std::string> version{};      // a command whose output says which version it is
  std::vector<std::string> axes{};         // that have an effect here; a record states no others
  std::vector<std::string> parameters{};   // "name=value", in the scenario's order

  bool is_builtin() const { return command.empty(); }
};

// {"name", "value"} of "name=value".
std::pair<std::string, std::string> split_pair(std::string_view text);

}  // namespace moebench::config
