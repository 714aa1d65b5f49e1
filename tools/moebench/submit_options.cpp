#include "tools/moebench/submit_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "harness/config/limits.h"
#include "harness/session/groups.h"
#include "tools/moebench/number_checks.h"
#include "tools/moebench/option_groups.h"
#include "tools/moebench/wrong_words.h"

namespace moebench::cli {

namespace {

void add_slurm(CLI::App& submit, SubmitArguments& options) {
  submit.add_option("--time", options.time, "As sbatch's; default the sum of the cells' limits")
      ->type_name("TIME");
  submit.add_option("--partition", options.partition, "As sbatch's")->type_name("NAME");
  submit.add_option("--account", options.account, "As sbatch's")->type_name("NAME");
  submit
      .add_option("--sbatch-option", options.sbatch_options,
                  "A further option of sbatch, as in --sbatch-option=--mem=0")
      ->type_name("WORD")
      ->allow_extra_args(false);
  submit.add_flag("--array", options.is_array,
                  "A job for each group of cells that are compared, instead of one for all");
  submit.add_option("--groups", options.groups, "Parts of an array, default one a comparison")
      ->type_name("N")
      ->check(whole_number(1, session::kMostGroups));
  submit.add_flag("--dry-run", options.dry_run, "Print the script and submit nothing");
  submit.add_flag("--wait", options.wait, "Follow the job to its end, as status --wait does");
}

void add_kubernetes(CLI::App& submit, SubmitArguments& options) {
  submit.add_option("--image", options.image, "Container image of pods, with moebench in it")
      ->type_name("IMAGE");
  submit.add_option("--namespace", options.name_space, "Of pods")->type_name("NAME");
  submit.add_option("--queue", options.queue, "Of pods: a local queue of Kueue's")
      ->type_name("NAME");
  submit.add_option("--claim", options.claim, "Of a JobSet: claim of a volume that the pods share")
      ->type_name("NAME");
  submit.add_option("--mount", options.mount, "Folder of pods where they share a volume")
      ->capture_default_str()
      ->type_name("PATH");
  submit.add_option("--runtime", options.runtime, "Of a TrainJob: its ClusterTrainingRuntime")
      ->capture_default_str()
      ->type_name("NAME");
}

}  // namespace

void add_submit(CLI::App& app, SubmitArguments& options) {
  CLI::App* submit =
      app.add_subcommand("submit", "Have a batch system run the cells that have no ok record yet");
  add_run_options(*submit, options.run);
  submit
      ->add_option("--format", options.format,
                   "jobset, trainjob: print a manifest for kubectl apply -f -")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(known_word(names<SubmitFormat>()));
  submit->add_option("--nodes", options.nodes, "Nodes of a job, default the most a cell asks for")
      ->type_name("N")
      ->check(num_ranks());
  add_slurm(*submit, options);
  add_kubernetes(*submit, options);
}

void add_status(CLI::App& app, StatusArguments& options) {
  CLI::App* status =
      app.add_subcommand("status", "Show what of a submitted matrix is queued, running and done");
  status->add_option("DIR", options.folder, "Results folder that was submitted")->required();
  status->add_flag("--wait", options.wait, "Follow it until nothing is queued or runs any more");
  add_format(*status, options.format);
}

}  // namespace moebench::cli
