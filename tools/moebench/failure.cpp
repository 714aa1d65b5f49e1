#include "tools/moebench/failure.h"

#include <filesystem>
#include <new>
#include <ostream>
#include <string>

#include "harness/base/error.h"
#include "harness/base/printable.h"
#include "harness/base/system_error.h"
#include "harness/base/words.h"
#include "tools/moebench/options.h"

namespace moebench::cli {
namespace {

int fail_with(int exit_code, const std::exception& error, std::ostream& out) {
  out << "moebench: error: " << printable_lines(error.what()) << '\n';
  return exit_code;
}

int fail_by_system(const std::string& what, std::ostream& out) {
  out << "moebench: failed: " << printable_lines(what)
      << "\nmoebench: every repetition that was recorded is kept; see to the cause and run the "
         "same "
         "command again\n";
  return kExitSystem;
}

// Reports what the standard library could not do with a path of the user's, such as one too long.
int fail_with_path(const std::filesystem::filesystem_error& error, std::ostream& out) {
  if (!is_named_wrongly(error.code().value())) return fail_by_system(error.what(), out);
  out << "moebench: error: cannot use '"
      << printable_lines(shortened(error.path1().string(), kLongestShownPath))
      << "': " << error.code().message() << '\n';
  return kExitUsage;
}

}  // namespace

int explain_failure(const std::exception_ptr& failure, std::ostream& out) {
  try {
    std::rethrow_exception(failure);
  } catch (const NotComparable& error) {
    return fail_with(kExitNotComparable, error, out);
  } catch (const NoBaseline& error) {
    return fail_with(kExitNoBaseline, error, out);
  } catch (const SystemError& error) {
    return fail_by_system(error.what(), out);
  } catch (const Error& error) {
    return fail_with(kExitUsage, error, out);
  } catch (const std::filesystem::filesystem_error& error) {
    return fail_with_path(error, out);
  } catch (const std::bad_alloc&) {
    return fail_by_system("the system refused memory (std::bad_alloc)", out);
  } catch (const std::exception& error) {
    return fail_by_system(error.what(), out);
  }
}

}  // namespace moebench::cli
