#include <exception>
#include <iostream>

#include "harness/base/error.h"
#include "tools/moebench/commands.h"

namespace {

int fail(const std::exception& error, int exit_code) {
  std::cerr << "moebench: error: " << error.what() << '\n';
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  namespace cli = moebench::cli;
  try {
    const auto parsed = cli::parse_command_line(argc, argv);
    if (const auto* information = std::get_if<cli::Information>(&parsed)) {
      std::cout << information->text;
      return cli::kExitOk;
    }
    return std::visit([](const auto& options) { return cli::run_command(options); },
                      std::get<cli::Command>(parsed));
  } catch (const moebench::NotComparable& error) {
    return fail(error, cli::kExitNotComparable);
  } catch (const moebench::NoBaseline& error) {
    return fail(error, cli::kExitNoBaseline);
  } catch (const std::exception& error) {
    return fail(error, cli::kExitUsage);
  }
}
