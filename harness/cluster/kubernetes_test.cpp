#include "harness/cluster/kubernetes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/golden_testing.h"

namespace moebench::cluster {
namespace {

PodJob pod_job() {
  return {.name = pod_name("quickstart"),
          .image = "registry.example/moebench:1",
          .name_space = "team",
          .queue = "gpus",
          .shape = {.nodes = 2, .ranks_per_node = 4, .threads_per_rank = 8, .gpus_per_node = 4},
          .command = {"moebench", "run", "quickstart", "--repeats", "3", "--set", "seq_len=[1, 2]",
                      "--out", "/results/quickstart", "--launcher", "env"},
          .claim = "shared",
          .mount = "/results",
          .runtime = "torch-distributed"};
}

TEST(Kubernetes, AJobSetHasAPodANode) { expect_golden("jobset.yaml", jobset_manifest(pod_job())); }

TEST(Kubernetes, ATrainJobLeavesPodsToItsRuntime) {
  expect_golden("trainjob.yaml", trainjob_manifest(pod_job()));
}

TEST(Kubernetes, WhatNobodySaysIsLeftOut) {
  PodJob plain = pod_job();
  plain.name_space = plain.queue = plain.claim = "";
  plain.shape = {};
  for (const std::string& text : {jobset_manifest(plain), trainjob_manifest(plain)}) {
    for (const char* word : {"namespace", "queue-name", "gpu", "persistentVolumeClaim", "labels"}) {
      EXPECT_EQ(text.find(word), std::string::npos) << word << " in\n" << text;
    }
  }
}

TEST(Kubernetes, NamesAreThoseThatItTakes) {
  EXPECT_EQ(pod_name("Seed_scaled v2."), "moebench-seed-scaled-v2");
  EXPECT_EQ(pod_name(std::string(80, 'x')).size(), 40U);
  EXPECT_EQ(pod_name("\xc3\xa9"), "moebench");
}

}  // namespace
}  // namespace moebench::cluster
