#pragma once

#include "harness/config/enums.h"
#include "harness/config/json_reader.h"

namespace moebench::config {

// What keys of a Hugging Face config.json may be there beside those that load_model_config() reads:
// those that say nothing of what is trained, and features that the engine does not have, at the
// value that leaves them out. Error at every other one, since a key that nobody read may make it
// another model.
void check_model_keys(const JsonObject& config, ModelType type);

// Whether a key that a scenario sets otherwise can change what is trained. Error at it where it
// says nothing of that, or where no model has such a key.
void check_model_override(const JsonValue& value, ModelType type);

}  // namespace moebench::config
