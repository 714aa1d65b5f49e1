#include "harness/session/problems.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/system_error.h"

namespace moebench::session {

void Problems::collect(const std::function<void()>& check) {
  try {
    check();
  } catch (const SystemError&) {
    throw;
  } catch (const Error& error) {
    add(error.what());
  }
}

void Problems::add(const std::string& message) {
  if (std::ranges::count(messages_, message) == 0) messages_.push_back(message);
}

void Problems::throw_if_any() const {
  if (messages_.empty()) return;
  if (messages_.size() == 1) throw Error(messages_.front());
  std::string text = fmt::format("{} problems, nothing was started:", messages_.size());
  for (const std::string& message : messages_) text += "\n- " + message;
  throw Error(text);
}

}  // namespace moebench::session
