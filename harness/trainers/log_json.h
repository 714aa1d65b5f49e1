#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

// JSON as trainers write it, for the adapters of this folder.
namespace moebench::trainers {

using Json = nlohmann::json;

// The object that a text is, as JSON or as Python prints a dictionary: 'single quotes', None, True,
// and NaN and Infinity, which become texts. Nothing where it is neither.
std::optional<Json> parse_dictionary(std::string_view text);

// The same of a document that may be no object but a list.
std::optional<Json> parse_document(std::string_view text);

// A member that is a number or a text of one; nothing where it is missing or something else.
std::optional<double> number_in(const Json& object, const char* key);

// The same as an integer from 0 to kMaxStep.
std::optional<std::int64_t> count_in(const Json& object, const char* key);

// Nothing where the member is missing or no text.
std::optional<std::string> text_in(const Json& object, const char* key);

}  // namespace moebench::trainers
