#include "harness/profile/gpu/kernel_name.h"

#include <cxxabi.h>

#include <cctype>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "harness/base/hash.h"

namespace moebench::profile_gpu {
namespace {

constexpr std::size_t kMaxLength = 120, kHeadLength = 70, kTailLength = 40;

std::string demangled(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(symbol, nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : symbol;
}

// Looks from the end, since a name may hold "(anonymous namespace)" and "operator()".
void drop_arguments(std::string& name) {
  if (!name.ends_with(')')) return;
  int depth = 0;
  for (std::size_t i = name.size(); i-- > 1;) {
    depth += name[i] == ')' ? 1 : name[i] == '(' ? -1 : 0;
    if (depth > 0) continue;
    name.resize(i);
    return;
  }
}

}  // namespace

std::string kernel_name(const char* symbol) {
  if (symbol == nullptr || *symbol == '\0') return "(no name)";
  std::string name = symbol;
  if (name.starts_with("_Z")) {
    name = demangled(symbol);
    drop_arguments(name);
    if (name.starts_with("void ")) name.erase(0, std::string_view("void ").size());
  }
  for (char& c : name) {
    if (std::iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  if (name.size() <= kMaxLength) return name;
  return name.substr(0, kHeadLength) + "..." + hash_hex(name, 4) + "..." +
         name.substr(name.size() - kTailLength);
}

std::string call_name(std::string name) {
  const std::size_t version = name.rfind("_v");
  if (version != std::string::npos && version + 2 < name.size() &&
      name.find_first_not_of("0123456789", version + 2) == std::string::npos) {
    name.resize(version);
  }
  return name;
}

}  // namespace moebench::profile_gpu
