#pragma once

#include <memory>
#include <string>

#include "harness/comm/communicator.h"

namespace moebench {

// All ranks of a rank test, from before its test cases are made until they have run. The program's
// main() is here, too.
extern std::unique_ptr<comm::Communicator> world;

// Defined once at namespace scope: where the function gives a reason, the program runs no test,
// says why, and ends with exit code 77, which ctest shows as skipped.
struct SkipAllTests {
  explicit SkipAllTests(std::string (*why)());
};

}  // namespace moebench
