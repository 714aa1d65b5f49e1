#include "tools/moebench/help_pages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <sstream>
#include <string_view>
#include <vector>

#include "harness/base/parse.h"
#include "reports/write/plain_text.h"

namespace moebench::cli {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kNameColumns = 26;

constexpr const char* kRun = "Run and measure";
constexpr const char* kLook = "Look at results";
constexpr const char* kGate = "Gate a change";
constexpr const char* kMachine = "Machine, models and help";

// Codes that every command may exit with.
constexpr std::array<std::string_view, 3> kCommonExitCodes = {
    "  0    done", "  2    usage or configuration", "  70   the system failed"};

struct HelpPage {
  std::string_view command;
  const char* group;
  const char* examples;
  std::string_view exit_codes = "";  // beside the common ones
};

constexpr std::array kPages = {
    HelpPage{"list", kRun,
             "  moebench list imbalance\n"
             "  moebench list FILE --only NAME --filter parallelism=ep --ranks 4\n"},
    HelpPage{"run", kRun,
             "  moebench run quickstart\n"
             "  moebench run FILE --repeats auto --baseline parallelism=fsdp\n"
             "  torchrun --nproc-per-node 8 --no-python moebench run FILE --launcher env\n",
             "  3    a planned cell failed\n"
             "  130  interrupted; the same command goes on\n"},
    HelpPage{"submit", kRun,
             "  moebench submit FILE --partition gpu --dry-run\n"
             "  moebench submit FILE --array --sbatch-option=--exclusive --wait\n",
             "  3    with --wait: a planned cell failed or is missing\n"},
    HelpPage{"status", kRun, "  moebench status results/FILE --wait\n",
             "  3    the jobs have ended, and a planned cell failed or is missing\n"},
    HelpPage{"profile", kRun,
             "  moebench profile quickstart --filter parallelism=ep\n"
             "  moebench profile FILE --level trace --format html > profile.html\n",
             "  3    a planned cell failed\n"
             "  130  interrupted; the same command goes on\n"},
    HelpPage{"verify-resume", kRun,
             "  moebench verify-resume resume\n"
             "  moebench verify-resume FILE --steps-before 3\n",
             "  3    a run failed, or trained otherwise after it was resumed\n"
             "  130  interrupted\n"},
    HelpPage{"load", kRun,
             "  moebench load /data/Mixtral-8x7B-v0.1 --loader concat,direct --ep-degree 8\n"
             "  moebench load small.safetensors --cache cold --repeats 5\n",
             "  3    a load failed\n"
             "  130  interrupted\n"},
    HelpPage{"report", kLook,
             "  moebench report results/quickstart\n"
             "  moebench report DIR --format html --out report.html\n"
             "  moebench report old new --rows model --columns results --values runtime\n"},
    HelpPage{"diff", kLook,
             "  moebench diff results/quickstart --from parallelism=fsdp --to parallelism=ep\n"
             "  moebench diff results/old results/new\n"},
    HelpPage{"crossover", kLook,
             "  moebench crossover results/crossover\n"
             "  moebench crossover DIR --figure crossover --out crossover.svg\n"},
    HelpPage{"adopt", kLook, "  moebench adopt slurm-4711.out --set parallelism=ep,ranks=64\n"},
    HelpPage{"import", kLook,
             "  moebench import fms raw_summary.csv --out results/fms\n"
             "  moebench import gbench bench.json --scenario kernels\n"},
    HelpPage{"calibrate", kGate, "  moebench calibrate quickstart --pairs 10\n",
             "  3    a cell failed\n"
             "  130  interrupted; the same command goes on\n"},
    HelpPage{"ab", kGate,
             "  moebench ab FILE --candidate ../new/build/cpu && moebench gate results/FILE-ab\n"
             "  moebench ab FILE --candidate-set expert_kernel=grouped --pairs auto\n",
             "  3    a cell failed\n"
             "  130  interrupted; the same command goes on\n"},
    HelpPage{"gate", kGate,
             "  moebench gate results/quickstart-ab --junit gate.xml\n"
             "  moebench gate DIR --require 'gemm_share>=0.4,mem_peak<=64GB'\n",
             "  1    a regression, or a bound that is not kept\n"
             "  3    a cell failed or is missing\n"
             "  4    it cannot be told yet\n"
             "  5    not comparable: another machine, other libraries, unpaired runs\n"
             "  6    no such baseline\n"},
    HelpPage{"power", kGate,
             "  moebench power FILE --effect 2%\n"
             "  moebench power FILE --noise 1.5%\n"},
    HelpPage{"baseline", kGate,
             "  moebench baseline save release-1 results/quickstart\n"
             "  moebench baseline show release-1\n",
             "  6    no such baseline\n"},
    HelpPage{"selftest", kGate,
             "  moebench selftest\n"
             "  moebench selftest --simulate --matrices 4000\n",
             "  3    a cell failed\n"
             "  4    too few matrices or pairs to tell\n"
             "  7    the gate does not keep what it promises\n"
             "  130  interrupted\n"},
    HelpPage{"doctor", kMachine,
             "  moebench doctor --quick\n"
             "  moebench doctor --ranks 8 --threads 4\n"},
    HelpPage{"make-checkpoint", kMachine,
             "  moebench make-checkpoint --model mixtral-small --out /tmp/small\n"},
    HelpPage{"models", kMachine, "  moebench models\n"},
    HelpPage{"scenarios", kMachine, "  moebench scenarios\n"},
    HelpPage{"completion", kMachine,
             "  moebench completion bash > ~/.local/share/bash-completion/completions/moebench\n"},
    HelpPage{"man", kMachine, "  moebench man run | man -l -\n"},
    HelpPage{"help", kMachine, "  moebench help run\n"},
};

constexpr const char* kFirstSteps =
    "First steps:\n"
    "  moebench scenarios                   what comes with moebench\n"
    "  moebench list quickstart             what would run, and its memory\n"
    "  moebench run quickstart              run it and print a table\n"
    "  moebench report results/quickstart   print the table again\n"
    "  moebench help run                    options and examples of a command\n";

constexpr const char* kAllExitCodes =
    "Exit codes:\n"
    "  0    done: every planned cell is ok, the gate passes\n"
    "  1    the gate found a regression, or a bound that is not kept\n"
    "  2    usage or configuration\n"
    "  3    a planned cell failed or is missing\n"
    "  4    the gate cannot tell yet\n"
    "  5    not comparable: another machine, other libraries, unpaired runs\n"
    "  6    no such baseline\n"
    "  7    the gate's self-test failed\n"
    "  70   the system failed (disk full, no memory, output lost), or moebench itself\n"
    "  130  interrupted; what was finished is kept\n";

const HelpPage* find_page(std::string_view command) {
  const auto found = std::ranges::find(kPages, command, &HelpPage::command);
  return found == kPages.end() ? nullptr : &*found;
}

std::string wrapped(const std::string& text, std::size_t width) {
  return fmt::format("{}", fmt::join(reports::wrap(text, width, reports::LongWords::kKeep), "\n"));
}

class HelpLayout : public CLI::Formatter {
 public:
  HelpLayout() {
    column_width(kNameColumns);
    label("SUBCOMMAND", "COMMAND");
    label("Positionals", "Arguments");
  }

 protected:
  std::string make_option_desc(const CLI::Option* option) const override {
    return wrapped(CLI::Formatter::make_option_desc(option), kColumns - kNameColumns);
  }
  // The usage says which of the positional ones are needed. Defaults stand in brackets.
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_positional()) return "";
    std::string text = CLI::Formatter::make_option_opts(option);
    const std::string given = "=" + option->get_default_str();
    const std::size_t at = given.size() > 1 ? text.rfind(given) : std::string::npos;
    const std::string shown = given.substr(1);  // of a list it has brackets
    if (at != std::string::npos) {
      text.replace(at, given.size(), shown.starts_with('[') ? " " + shown : " [" + shown + "]");
    }
    return text;
  }
  std::string make_subcommand(const CLI::App* command) const override {
    std::ostringstream out;
    CLI::detail::format_help(out, command->get_name(),
                             wrapped(command->get_description(), kColumns - kNameColumns),
                             kNameColumns);
    return out.str();
  }
};

std::string footer_of(const HelpPage& page) {
  std::vector<std::string_view> codes(kCommonExitCodes.begin(), kCommonExitCodes.end());
  for (std::size_t begin = 0; begin < page.exit_codes.size();) {
    const std::size_t end = page.exit_codes.find('\n', begin);
    codes.push_back(page.exit_codes.substr(begin, end - begin));
    begin = end + 1;
  }
  const auto number = [](std::string_view line) {
    return parse_leading_number<int>(line.substr(2))->first;
  };
  std::ranges::sort(codes, {}, number);
  return fmt::format("Examples:\n{}\nExit codes:\n{}", page.examples, fmt::join(codes, "\n"));
}

}  // namespace

void lay_out_help(CLI::App& app) { app.formatter(std::make_shared<HelpLayout>()); }

void add_help_texts(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands({})) {
    const HelpPage* page = find_page(command->get_name());
    if (page == nullptr) continue;
    command->group(page->group);
    command->footer(footer_of(*page));
  }
  app.footer(fmt::format("{}\n{}\n{}", kFirstSteps, kAllExitCodes,
                         "Documentation: README.md, what words mean: reports/glossary.md."));
}

std::string first_steps(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", command->get_name());
  }
  return fmt::format(
      "moebench compares ways to train mixture-of-experts models: memory, time, tokens\n"
      "per second.\n\nUsage: moebench COMMAND ...\n\n{}\nCommands:\n{}\n\n"
      "moebench --help says what each does, and what exit codes mean.\n",
      kFirstSteps, wrapped(names, kColumns));
}

std::string help_page(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return fmt::format("{}{} --help", parent == nullptr ? "" : parent->get_name() + " ",
                     command.get_name());
}

}  // namespace moebench::cli
