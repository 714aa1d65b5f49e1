#include "tools/moebench/commands.h"
#include "tools/moebench/man_page.h"
#include "tools/moebench/output.h"

namespace moebench::cli {

int run_command(const ManArguments& options) {
  if (options.out.empty()) {
    print_text(man_page(options.commands, options.command));
  } else {
    write_man_pages(options.commands, options.out);
  }
  return kExitOk;
}

}  // namespace moebench::cli
