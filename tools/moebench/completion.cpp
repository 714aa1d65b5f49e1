#include "tools/moebench/completion.h"

#include "harness/base/check.h"

namespace moebench::cli {

std::string completion_script(Shell shell, const std::vector<CommandWords>& commands,
                              const ShippedNames& shipped) {
  switch (shell) {
    case Shell::kBash:
      return bash_completion(commands, shipped);
    case Shell::kZsh:
      return zsh_completion(commands, shipped);
    case Shell::kFish:
      return fish_completion(commands, shipped);
  }
  MOEBENCH_CHECK(!"a shell outside its enumeration");
}

}  // namespace moebench::cli
