#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/config/cell.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

// Words that stand for a placeholder; most are one word.
using Words = std::vector<std::string>;
// With braces doubled, but for those of what a start puts in; nullopt where there is no placeholder
// of that name.
using Lookup = std::function<std::optional<Words>(const std::string& name)>;

// A text of an engine with its {placeholders} put in; "{{" and "}}" are braces. A text that is one
// placeholder becomes as many words as that stands for, none where it stands for an empty one. What
// is known only when a repetition starts stays, and braces stay doubled, for fill_in_at_start().
// Throws Error at `text` for a brace without its partner, for a placeholder that `lookup` does not
// know, with `known` as the remedy, and for one of several words within others.
Words fill_in(const YamlValue& text, const Lookup& lookup, const std::vector<std::string>& known);

// A text that fill_in() would leave as it is, but for these braces.
std::string with_doubled_braces(std::string_view text);

// The rest, by {name, value}; every placeholder that is left must be among them.
std::string fill_in_at_start(const std::string& text,
                             const std::vector<std::pair<std::string, std::string>>& values);

// The text as it is told before a start: what only that knows stays as its {name}.
std::string fill_in_before_start(const std::string& text);

// Those: {out}, the repetition's folder; {port}, a free one of this host; {events}, the value of
// MOEBENCH_EVENTS.
const std::vector<std::string>& start_placeholders();

// In the folder of a repetition: the config.json of a model that the scenario overrides, where its
// engine asks for {model_config}.
inline constexpr const char* kModelConfigFile = "config.json";

// What a cell says under a name: an axis, a setting, or what follows from them. nullopt where the
// name is none of them; Error at `place` where the cell does not set it.
std::optional<std::string> cell_placeholder(const std::string& name, const CellConfig& cell,
                                            const YamlValue& place);

// All names that cell_placeholder knows.
const std::vector<std::string>& cell_placeholders();

}  // namespace moebench::config
