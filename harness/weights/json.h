#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace moebench::weights {

// An object from JSON text. nlohmann::json keeps the last of two equal keys; here they are an
// Error, as is anything else that is not a well-formed object. `where` names the text in errors.
nlohmann::json parse_object(const std::string& text, const std::string& where);

}  // namespace moebench::weights
