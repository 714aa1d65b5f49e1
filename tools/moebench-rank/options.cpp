#include "tools/moebench-rank/options.h"

#include <getopt.h>

#include <array>

#include "harness/base/error.h"
#include "harness/base/parse.h"

namespace moebench {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Error("{}\n{}", what, kRankUsage); }

template <typename Number>
Number positive(const char* option, const char* text) {
  const auto value = parse_number<Number>(text);
  if (!value || *value < 1)
    refuse(fmt::format("{} takes a positive integer, not '{}'", option, text));
  return *value;
}

}  // namespace

RankOptions parse_rank_options(int argc, char** argv) {
  constexpr std::array<option, 9> kOptions = {{{"cell", required_argument, nullptr, 'c'},
                                               {"gemm-rate-known", no_argument, nullptr, 'g'},
                                               {"probe", required_argument, nullptr, 'p'},
                                               {"threads", required_argument, nullptr, 't'},
                                               {"quick", no_argument, nullptr, 'q'},
                                               {"out", required_argument, nullptr, 'o'},
                                               {"help", no_argument, nullptr, 'h'},
                                               {"version", no_argument, nullptr, 'v'},
                                               {nullptr, 0, nullptr, 0}}};
  RankOptions options;
  for (int found; (found = ::getopt_long(argc, argv, "h", kOptions.data(), nullptr)) != -1;) {
    switch (found) {
      case 'c':
        options.cell = optarg;
        break;
      case 'g':
        options.gemm_rate_is_known = true;
        break;
      case 'p':
        options.probe_ranks = positive<std::int64_t>("--probe", optarg);
        break;
      case 't':
        options.probe.num_threads = positive<int>("--threads", optarg);
        break;
      case 'q':
        options.probe.quick = true;
        break;
      case 'o':
        options.out = optarg;
        break;
      case 'h':
        options.help = true;
        return options;
      case 'v':
        options.version = true;
        return options;
      default:  // getopt has said on stderr what is wrong
        refuse("unknown or incomplete option");
    }
  }
  if (optind < argc) refuse(fmt::format("unexpected argument '{}'", argv[optind]));
  if (options.cell.empty() == (options.probe_ranks == 0)) {
    refuse("exactly one of --cell and --probe is needed");
  }
  if (options.gemm_rate_is_known && options.cell.empty()) {
    refuse("--gemm-rate-known is of a --cell");
  }
  if (options.out.empty()) refuse("--out is needed");
  return options;
}

}  // namespace moebench
