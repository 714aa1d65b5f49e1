#include "harness/weights/json.h"

#include <set>
#include <vector>

#include "harness/base/error.h"

namespace moebench::weights {

nlohmann::json parse_object(const std::string& text, const std::string& where) {
  using Json = nlohmann::json;
  std::vector<std::set<std::string>> keys;  // of the objects around the place
  const auto refuse_duplicates = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed).second) {
      throw Error("{}: key '{}' appears twice; write the file again", where,
                  parsed.get<std::string>());
    }
    return true;
  };
  Json document;
  try {
    document = Json::parse(text, refuse_duplicates);
  } catch (const Json::exception& error) {
    throw Error("{}: no well-formed JSON ({}); copy or download the file again", where,
                error.what());
  }
  if (!document.is_object()) throw Error("{}: no JSON object; is this the right file?", where);
  return document;
}

}  // namespace moebench::weights
