#include <exception>
#include <iostream>

#include "tools/moebench/commands.h"
#include "tools/moebench/failure.h"
#include "tools/moebench/output.h"

int main(int argc, char** argv) {
  namespace cli = moebench::cli;
  cli::prepare_outputs();
  try {
    const auto parsed = cli::parse_command_line(argc, argv);
    if (const auto* information = std::get_if<cli::Information>(&parsed)) {
      if (information->exit_code == cli::kExitOk) {
        cli::print_text(information->text);
      } else {
        std::cerr << information->text;
      }
      return information->exit_code;
    }
    return std::visit([](const auto& options) { return cli::run_command(options); },
                      std::get<cli::Command>(parsed));
  } catch (...) {
    return cli::explain_failure(std::current_exception(), std::cerr);
  }
}
