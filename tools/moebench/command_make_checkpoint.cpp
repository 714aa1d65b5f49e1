#include <fmt/core.h>
#include <unistd.h>

#include <iostream>

#include "harness/base/units.h"
#include "harness/weights/make_checkpoint.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/shipped.h"

namespace moebench::cli {
namespace {

void show_progress(std::int64_t done, std::int64_t total) {
  std::cerr << fmt::format("\r\033[K{:.2f} of {:.2f} GB", done / kBytesPerGigabyte,
                           total / kBytesPerGigabyte)
            << std::flush;
}

}  // namespace

int run_command(const MakeCheckpointArguments& options) {
  weights::MakeCheckpointOptions make;
  make.seed = options.seed;
  make.dtype = parse_name<config::Dtype>(options.dtype, "dtype");
  make.max_shard_bytes = parse_bytes(options.shard_size);
  make.stack_experts = options.stack_experts;
  const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
  if (is_terminal) make.progress = show_progress;
  std::string name = options.model;
  if (name.starts_with('{')) {
    const auto model = config::read_written_model(config::YamlValue::parse(name, "--model"));
    make.model_keys = model.keys;
    name = model.base.text();
  }
  weights::make_checkpoint(find_model_config(name), options.out, make);
  std::cerr << fmt::format("{}wrote {}\n", is_terminal ? "\r\033[K" : "", options.out);
  return kExitOk;
}

}  // namespace moebench::cli
