#include "harness/config/shipped.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/completion.h"
#include "tools/moebench/output.h"

namespace moebench::cli {

int run_command(const CompletionArguments& options) {
  const ShippedNames shipped = {config::shipped_scenarios(),
                                config::models_in(config::shipped_model_folders())};
  print_text(
      completion_script(parse_name<Shell>(options.shell, "shell"), options.commands, shipped));
  return kExitOk;
}

}  // namespace moebench::cli
