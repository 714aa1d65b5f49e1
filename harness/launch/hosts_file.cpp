#include "harness/launch/hosts_file.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/parse.h"
#include "harness/base/words.h"
#include "harness/config/limits.h"

namespace moebench::launch {
namespace {

class HostsFileReader {
 public:
  explicit HostsFileReader(const std::filesystem::path& path) : path_(path) {}

  std::vector<HostSlots> read() {
    std::istringstream text(read_file(path_));
    for (std::string line; std::getline(text, line);) {
      ++number_;
      add(line.substr(0, line.find('#')));
    }
    if (hosts_.empty()) {
      throw Error("{}: names no host; write a line 'NAME slots=NUMBER' for each", path_.string());
    }
    return hosts_;
  }

 private:
  template <typename... T>
  [[noreturn]] void fail(fmt::format_string<T...> text, T&&... values) const {
    throw Error("{}:{}: {}", path_.string(), number_,
                fmt::format(text, std::forward<T>(values)...));
  }

  void add(const std::string& line) {
    std::istringstream words(line);
    std::string name;
    if (!(words >> name)) return;
    if (name.find_first_of("=,:") != std::string::npos) {
      fail("'{}' is no host; a line begins with a host's name", shortened(name));
    }
    std::optional<int> slots;
    for (std::string word; words >> word;) {
      if (const auto number = slots_of(word)) slots = number;
    }
    const auto before = first_line_.find(name);
    const bool is_new = before == first_line_.end();
    if (!is_new && (slots || has_slots_[name])) {
      fail(
          "host '{}' stands on line {} too, and with other slots; name it once, or on each line "
          "without slots",
          name, before->second);
    }
    if (is_new) first_line_[name] = number_;
    has_slots_[name] = slots.has_value();
    add_slots(hosts_, {name, slots.value_or(1)});
  }

  // Nothing of what is no number of slots.
  std::optional<int> slots_of(const std::string& word) const {
    static const std::vector<std::string> known = {"slots", "max_slots", "max-slots"};
    const std::size_t sign = word.find('=');
    const std::string key = word.substr(0, sign);
    if (std::ranges::count(known, key) == 0) {
      fail("unknown key '{}'; {}", shortened(key), suggestion(key, known));
    }
    const std::string value = sign == std::string::npos ? "" : word.substr(sign + 1);
    const auto number = parse_number<int>(value);
    if (!number || *number < 1 || *number > config::kMaxRanks) {
      fail("'{}' is no number of slots; use 1 to {}", shortened(value), config::kMaxRanks);
    }
    return key == "slots" ? number : std::nullopt;
  }

  std::filesystem::path path_;
  int number_ = 0;
  std::vector<HostSlots> hosts_;
  std::map<std::string, int> first_line_;
  std::map<std::string, bool> has_slots_;
};

}  // namespace

void add_slots(std::vector<HostSlots>& hosts, const HostSlots& more) {
  const auto found = std::ranges::find(hosts, more.name, &HostSlots::name);
  if (found == hosts.end()) {
    hosts.push_back(more);
  } else {
    found->slots += more.slots;
  }
}

std::vector<HostSlots> read_hosts_file(const std::filesystem::path& path) {
  return HostsFileReader(path).read();
}

}  // namespace moebench::launch
