#include "tools/moebench/commands.h"
#include "tools/moebench/listing.h"
#include "tools/moebench/output.h"

namespace moebench::cli {

int run_command(const ListArguments& options) {
  const Listing listing = make_listing(options.selection);
  const auto format = output_format(options.format, reports::Format::kTerminal);
  if (format == reports::Format::kJson) {
    print_text(to_json(listing));
  } else {
    print_document(listing_document(listing), format);
  }
  return kExitOk;
}

}  // namespace moebench::cli
