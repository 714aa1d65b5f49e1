#include "harness/base/names.h"

#include "harness/base/error.h"
#include "harness/base/words.h"

namespace moebench {

std::string unknown_name(std::string_view what, std::string_view word,
                         const std::vector<std::string>& known) {
  std::string message = "unknown ";
  message.append(what)
      .append(" '")
      .append(shortened(word))
      .append("'; use ")
      .append(join_alternatives(known));
  return message;
}

void throw_unknown_name(std::string_view what, std::string_view word,
                        const std::vector<std::string>& known) {
  throw Error(unknown_name(what, word, known));
}

}  // namespace moebench
