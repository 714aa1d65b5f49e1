#pragma once

#include <string>
#include <vector>

#include "harness/cluster/job_shape.h"

namespace moebench::cluster {

// Pods that run a matrix: one for each node, which all start the same command; the first of them
// drives the ranks of all (`--launcher env`).
struct PodJob {
  std::string name;  // of pod_name()
  std::string image;
  std::string name_space{};  // empty: kubectl's
  std::string queue{};       // Kueue's; empty: none
  JobShape shape;
  std::vector<std::string> command;
  // A JobSet alone: the claim of a volume that all pods share, and where they see it.
  std::string claim{};
  std::string mount{};
  std::string runtime{};  // a TrainJob alone: name of a ClusterTrainingRuntime
};

// A name that Kubernetes takes, of a file's: lower case, digits and '-', with room for the suffixes
// of pods.
std::string pod_name(const std::string& stem);

// A manifest for kubectl, as YAML: a JobSet (jobset.x-k8s.io/v1alpha2).
std::string jobset_manifest(const PodJob& job);

// A TrainJob (trainer.kubeflow.org/v1alpha1), whose runtime is to start a pod a node, with the
// variables of its torch policy, and to mount what the pods share.
std::string trainjob_manifest(const PodJob& job);

}  // namespace moebench::cluster
