#include "harness/cluster/kubernetes.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace moebench::cluster {
namespace {

constexpr std::size_t kLongestName = 40;  // of 63, less "-node-0-0-xxxxx"
constexpr int kPort = 29400;
constexpr const char* kPods = "node";

constexpr const char* kText = "!";  // tag of what is written in quotes, as yaml-cpp reads them

using Pairs = std::vector<std::pair<std::string, std::string>>;

// A text, whatever it looks like: of a plain 8 Kubernetes would make a number.
YAML::Node text(const std::string& value) {
  YAML::Node node(value);
  node.SetTag(kText);
  return node;
}

YAML::Node map_of(const Pairs& pairs) {
  YAML::Node map(YAML::NodeType::Map);
  for (const auto& [name, value] : pairs) map[name] = value;
  return map;
}

YAML::Node texts(const std::vector<std::string>& words) {
  YAML::Node list(YAML::NodeType::Sequence);
  for (const std::string& word : words) list.push_back(text(word));
  return list;
}

YAML::Node variable(const std::string& name, const std::string& value) {
  YAML::Node node;
  node["name"] = name;
  node["value"] = text(value);
  return node;
}

YAML::Node head(const char* version, const char* kind, const PodJob& job) {
  YAML::Node node;
  node["apiVersion"] = version;
  node["kind"] = kind;
  node["metadata"]["name"] = job.name;
  if (!job.name_space.empty()) node["metadata"]["namespace"] = job.name_space;
  if (!job.queue.empty()) node["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = job.queue;
  return node;
}

// Of a pod: a core for each thread, and the GPUs.
YAML::Node resources(const JobShape& shape) {
  const std::string cores = std::to_string(shape.ranks_per_node * shape.threads_per_rank);
  YAML::Node node;
  node["requests"]["cpu"] = text(cores);
  if (shape.gpus_per_node > 0) {
    node["limits"]["nvidia.com/gpu"] = text(std::to_string(shape.gpus_per_node));
  }
  return node;
}

// Which of the pods one is, and where the first one listens.
YAML::Node jobset_environment(const PodJob& job) {
  YAML::Node rank;
  rank["name"] = "RANK";
  rank["valueFrom"]["fieldRef"]["fieldPath"] =
      "metadata.annotations['batch.kubernetes.io/job-completion-index']";
  YAML::Node list;
  list.push_back(rank);
  const Pairs variables = {{"WORLD_SIZE", std::to_string(job.shape.nodes)},
                           {"LOCAL_RANK", "0"},
                           {"LOCAL_WORLD_SIZE", "1"},
                           {"MASTER_ADDR", job.name + "-" + kPods + "-0-0." + job.name},
                           {"MASTER_PORT", std::to_string(kPort)},
                           {"MOEBENCH_SLOTS", std::to_string(job.shape.ranks_per_node)}};
  for (const auto& [name, value] : variables) list.push_back(variable(name, value));
  return list;
}

// Ranks of a pod exchange messages in shared memory, of which a container has 64 MB by itself.
YAML::Node pod_spec(const PodJob& job) {
  YAML::Node container;
  container["name"] = "moebench";
  container["image"] = job.image;
  container["command"] = texts(job.command);
  container["env"] = jobset_environment(job);
  container["resources"] = resources(job.shape);
  container["volumeMounts"].push_back(
      map_of({{"name", "shared-memory"}, {"mountPath", "/dev/shm"}}));
  YAML::Node spec;
  spec["restartPolicy"] = "Never";
  YAML::Node memory;
  memory["name"] = "shared-memory";
  memory["emptyDir"]["medium"] = "Memory";
  YAML::Node volumes;
  volumes.push_back(memory);
  if (!job.claim.empty()) {
    container["volumeMounts"].push_back(map_of({{"name", "results"}, {"mountPath", job.mount}}));
    YAML::Node results;
    results["name"] = "results";
    results["persistentVolumeClaim"]["claimName"] = job.claim;
    volumes.push_back(results);
  }
  spec["containers"].push_back(container);
  spec["volumes"] = volumes;
  return spec;
}

// yaml-cpp alone would not write the quotes.
void emit(const YAML::Node& node, YAML::Emitter& out) {
  if (node.IsMap()) {
    out << YAML::BeginMap;
    for (const auto& entry : node) {
      out << YAML::Key << entry.first.Scalar() << YAML::Value;
      emit(entry.second, out);
    }
    out << YAML::EndMap;
  } else if (node.IsSequence()) {
    out << YAML::BeginSeq;
    for (const YAML::Node& item : node) emit(item, out);
    out << YAML::EndSeq;
  } else {
    if (node.Tag() == kText) out << YAML::DoubleQuoted;
    out << node.Scalar();
  }
}

std::string text_of(const YAML::Node& manifest) {
  YAML::Emitter out;
  emit(manifest, out);
  return std::string(out.c_str()) + "\n";
}

}  // namespace

std::string pod_name(const std::string& stem) {
  std::string name = "moebench-";
  for (const char c : stem) {
    const auto byte = static_cast<unsigned char>(c);
    const char lower = static_cast<char>(std::tolower(byte));
    const bool is_taken = byte < 128 && std::isalnum(byte) != 0;
    if (is_taken || !name.ends_with('-')) name += is_taken ? lower : '-';
  }
  name.resize(std::min(name.size(), kLongestName));
  while (name.ends_with('-')) name.pop_back();
  return name;
}

std::string jobset_manifest(const PodJob& job) {
  YAML::Node pods;
  pods["completionMode"] = "Indexed";
  pods["parallelism"] = job.shape.nodes;
  pods["completions"] = job.shape.nodes;
  // A pod that began anew alone would find no others.
  pods["backoffLimit"] = 0;
  pods["template"]["spec"] = pod_spec(job);
  YAML::Node replicated;
  replicated["name"] = kPods;
  replicated["replicas"] = 1;
  replicated["template"]["spec"] = pods;
  YAML::Node manifest = head("jobset.x-k8s.io/v1alpha2", "JobSet", job);
  manifest["spec"]["network"]["enableDNSHostnames"] = true;
  manifest["spec"]["replicatedJobs"].push_back(replicated);
  return text_of(manifest);
}

std::string trainjob_manifest(const PodJob& job) {
  // Of the torch policy's variables, which torchrun would read, those that moebench does.
  std::vector<std::string> command = {
      "/bin/sh", "-c",
      "export RANK=$PET_NODE_RANK WORLD_SIZE=$PET_NNODES LOCAL_RANK=0 LOCAL_WORLD_SIZE=1 "
      "MASTER_ADDR=$PET_MASTER_ADDR MASTER_PORT=$PET_MASTER_PORT; exec \"$0\" \"$@\""};
  command.insert(command.end(), job.command.begin(), job.command.end());
  YAML::Node manifest = head("trainer.kubeflow.org/v1alpha1", "TrainJob", job);
  YAML::Node runtime = map_of({{"apiGroup", "trainer.kubeflow.org"},
                               {"kind", "ClusterTrainingRuntime"},
                               {"name", job.runtime}});
  YAML::Node trainer;
  trainer["image"] = job.image;
  trainer["numNodes"] = job.shape.nodes;
  trainer["numProcPerNode"] = 1;
  trainer["command"] = texts(command);
  trainer["env"].push_back(variable("MOEBENCH_SLOTS", std::to_string(job.shape.ranks_per_node)));
  trainer["resourcesPerNode"] = resources(job.shape);
  manifest["spec"]["runtimeRef"] = runtime;
  manifest["spec"]["trainer"] = trainer;
  return text_of(manifest);
}

}  // namespace moebench::cluster
