#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/config/axes.h"
#include "harness/config/cell.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// An entry of a scenario file's `engines`, as it is written (scenarios/README.md).
struct EngineDefinition {
  std::string name;
  YamlValue source;
  std::vector<YamlValue> command;
  std::vector<std::pair<std::string, YamlValue>> environment;
  std::vector<YamlValue> version;
  std::string adapter = "events";
  std::vector<YamlValue> logs{};
  std::string pattern{};
  std::vector<std::string> meaning{};
  bool starts_ranks = true;
  bool same_numerics = false;
  // Axes and the values that it can, by Axis::key; and those values as texts.
  Condition provides{};
  std::map<std::string, std::vector<std::string>> provided_texts{};
  std::map<std::string, AxisValue> only_value{};  // of axes of which it can but one value
  bool provides_phases = false;
  // axis or setting -> value as printed -> words that stand for it.
  std::map<std::string, std::map<std::string, std::vector<std::string>>> values{};
  std::filesystem::path folder{};  // the scenario file's
};
using Engines = std::map<std::string, EngineDefinition>;

// Throws Error at what is not as scenarios/README.md says. null: no engines.
Engines read_engines(const YamlValue* source, const std::filesystem::path& folder);

// The parameters of a cell, in the scenario's order.
using Parameters = std::vector<std::pair<std::string, std::string>>;

// What of a scenario an engine has taken.
struct EngineUse {
  std::set<std::string> parameters;
};

// Makes `cell` one of this engine: fills cell.engine. `written` are the axes that the scenario
// writes. Throws Error at the engine's text where a placeholder is unknown, a value has no word, or
// where the engine cannot do, or takes no notice of, an axis that the scenario writes. Returns
// which parameters its command uses; the cell keeps these alone.
EngineUse resolve_engine(const EngineDefinition& engine, const Parameters& parameters,
                         const std::set<std::string>& written, CellConfig& cell);

// Sets the axes of which the engine can do one value alone and that nobody wrote.
void apply_only_values(const EngineDefinition& engine, const std::set<std::string>& written,
                       CellConfig& cell);

// Whether cells of the engine can have a profile of that level.
bool can_profile(const EngineConfig& engine, Profile level);

// Error where a name cannot be a parameter's.
void check_parameter_name(const std::string& name, const YamlValue& source);

}  // namespace moebench::config
