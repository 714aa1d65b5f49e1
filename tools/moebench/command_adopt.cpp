#include <iostream>

#include "harness/session/adopt.h"
#include "harness/session/plan.h"
#include "reports/write/write.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {

int run_command(const AdoptArguments& options) {
  session::Adoption adoption;
  adoption.logs.assign(options.logs.begin(), options.logs.end());
  adoption.adapter = options.adapter;
  adoption.pattern = options.pattern;
  adoption.meaning = options.meaning;
  for (const std::string& text : options.axes) {
    adoption.axes.push_back(session::parse_pair(text, "--set"));
  }
  adoption.warmup_steps = options.warmup_steps;
  adoption.scenario = options.scenario;
  adoption.folder = options.out;
  adoption.command_line = options.command_line;
  const record::CellRecord record = session::adopt(adoption);
  const bool is_ok = record.disposition == record::Disposition::kOk;
  std::cerr << "adopted as repetition " << record.repetition << " of cell " << record.id << " in "
            << options.out << "\n";
  return write_outputs(is_ok ? kExitOk : kExitCellFailed,
                       {[&] { print_document(reports::report_document({record})); }});
}

}  // namespace moebench::cli
