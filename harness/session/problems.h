#pragma once

#include <functional>
#include <string>
#include <vector>

namespace moebench::session {

// What is wrong with a plan, found out before its first run, so that all of it is said at once.
class Problems {
 public:
  // Keeps the Error that `check` throws, each message once. A SystemError passes.
  void collect(const std::function<void()>& check);
  void add(const std::string& message);
  bool empty() const { return messages_.empty(); }

  // Error with them all where there are any: a single one in its own words.
  void throw_if_any() const;

 private:
  std::vector<std::string> messages_;
};

}  // namespace moebench::session
