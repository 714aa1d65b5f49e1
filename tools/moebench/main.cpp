#include <exception>
#include <iostream>
#include <string_view>

#include "harness/outer/agent_exec.h"
#include "tools/moebench/failure.h"
#include "tools/moebench/given_command.h"
#include "tools/moebench/output.h"

int main(int argc, char** argv) {
  namespace cli = moebench::cli;
  namespace outer = moebench::outer;
  if (argc > 4 && std::string_view(argv[1]) == outer::kAgentExec) {
    return outer::agent_exec(argv[2], argv[3], {argv + 4, argv + argc});
  }
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
    return cli::run_given(std::get<cli::Command>(parsed));
  } catch (...) {
    return cli::explain_failure(std::current_exception(), std::cerr);
  }
}
