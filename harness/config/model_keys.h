#pragma once

#include <string>

#include "harness/config/enums.h"
#include "harness/config/json_reader.h"

namespace moebench::config {

// What models of a type call numbers of experts that others have other names for; "" for no name.
struct ExpertKeys {
  const char* num_experts;
  const char* alias;  // that transformers reads likewise
  const char* intermediate_size;
};
ExpertKeys expert_keys(ModelType type);

// What a key of a Hugging Face config.json is to models of a type.
enum class KeyRule {
  kRead,
  kFeature,     // that they do not have: it must have the value that leaves it out
  kOtherName,   // of a number that is read: it must say the same
  kClass,       // must be one of the type
  kIrrelevant,  // whatever its value
  kRefused,
  kUnknown
};
KeyRule key_rule(const std::string& key, ModelType type);

// What keys of a Hugging Face config.json may be there beside those that are read of its type:
// those that say nothing of what is trained, and features that such models do not have, at the
// value that leaves them out. Error at every other one, since a key that nobody read may make it
// another model.
void check_model_keys(const JsonObject& config, ModelType type);

// Whether a key that a scenario sets otherwise can change what is trained. Error at it where it
// says nothing of that, or where no model has such a key.
void check_model_override(const JsonValue& value, ModelType type);

// How the weights that the file came with are quantised: the method's name, or that of the key that
// says so; "" where they are not.
std::string quantisation_of(const JsonObject& config);

}  // namespace moebench::config
