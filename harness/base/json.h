#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace moebench {

// Lines, from 1, of the keys in a text, each by the keys that lead to it: "rope_scaling/type".
using KeyLines = std::map<std::string, int>;

// An object from JSON text. nlohmann::json keeps the last of two equal keys; here they are an
// Error, as is anything else that is not a well-formed object. Errors begin with `where` and the
// line: "config.json:3: ...". Fills `lines` where it is given.
nlohmann::json parse_object(const std::string& text, const std::string& where,
                            KeyLines* lines = nullptr);

// Error where a text is what git-lfs leaves in place of a file that it has not fetched. `begin` is
// the text's, of any length.
void refuse_lfs_pointer(std::string_view begin, const std::string& where);

}  // namespace moebench
