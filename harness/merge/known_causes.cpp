#include "harness/merge/known_causes.h"

#include <algorithm>
#include <array>
#include <utility>

namespace moebench::merge {
namespace {

constexpr std::pair kSharedMemory = {
    "the shared memory of this host is too small for the ranks' messages",
    "enlarge /dev/shm (mount -o remount,size=1g /dev/shm; docker run --shm-size=1g)"};
constexpr std::pair kLoopback = {
    "mpirun found no network interface with an IPv4 address to start ranks over",
    "give the loopback interface its own (ip link set lo up; ip address add 127.0.0.1/8 dev lo)"};
constexpr std::pair kSlurmPmix = {
    "this Slurm's srun cannot start ranks of Open MPI: it lacks its PMIx plugin",
    "have it installed (srun --mpi=list names those that are), or use --launcher mpirun within the "
    "allocation"};
constexpr std::pair kOtherMpi = {
    "the launcher is not that of the Open MPI that moebench-rank is linked to",
    "put the mpirun of that Open MPI first in PATH (ldd on moebench-rank names its libmpi)"};
constexpr std::pair kLibrary = {
    "a program cannot load its libraries",
    "install what the line names, or let LD_LIBRARY_PATH name its folder, on every host (ldd lists "
    "all that it needs)"};
constexpr std::pair kNotFound = {
    "a program, or a library that it needs, was not found",
    "see that it and its libraries (ldd lists them) lie at the same path on every host"};
constexpr std::pair kProgram = {"the launcher cannot start moebench-rank",
                                "see that it lies at the same path on every host, is executable "
                                "and was built for this machine"};
constexpr std::pair kTemporary = {
    "Open MPI cannot make its files in the folder for temporary files",
    "let TMPDIR name a short path that can be written to, with room"};
constexpr std::pair kSlots = {
    "there are fewer places for ranks than were asked for",
    "use fewer ranks (--ranks) or more hosts, or --launcher-args --oversubscribe"};
constexpr std::pair kBinding = {"there are too few cores to bind the ranks to",
                                "use fewer ranks or threads_per_rank, or the setting bind: none"};
constexpr std::pair kDaemons = {
    "mpirun cannot start its daemons on all hosts",
    "see that each can be reached by ssh without a password, and has the same Open MPI in PATH"};
constexpr std::pair kHostGone = {
    "a host of the outer launcher's ranks is gone",
    "see the output of its processes for why they ended; the same command, started on all hosts "
    "again, goes on"};
constexpr std::pair kNoHost = {"a host that is named is not there",
                               "correct the file of --hosts, or take that of this very job"};
constexpr std::pair kLostDaemon = {
    "mpirun lost its daemon on a host: that host, the network to it or the daemon failed",
    "see whether the host runs and can be reached, and leave it out where it cannot (--hosts)"};
constexpr std::pair kUnreachable = {
    "MPI can use neither shared memory nor a network between the ranks",
    "see df -h /dev/shm, and enlarge it where it is small (docker run --shm-size=1g); on several "
    "hosts name the network (--launcher-args \"--mca btl_tcp_if_include NAME\")"};
constexpr std::pair kSlurmResources = {
    "Slurm does not give the ranks what they ask for",
    "ask for a larger allocation, or for fewer ranks or threads_per_rank"};
constexpr std::pair kLimits = {
    "a limit on processes or open files is reached",
    "raise it (ulimit -u, ulimit -n; docker run --pids-limit), or use fewer ranks"};
constexpr std::pair kDisk = {"a disk or a quota is full", "make room (df -h, quota)"};
constexpr std::pair kKilled = {
    "a rank was killed from outside, most often for memory: by the kernel, a container's or a "
    "batch system's limit",
    "see dmesg and the limits; smaller cells, fewer ranks a host or activation_checkpointing need "
    "less"};
constexpr std::pair kOutOfMemory = {"a rank was killed for memory",
                                    "smaller cells, fewer ranks a host or activation_checkpointing "
                                    "need less; or ask for more (--mem)"};

constexpr std::pair kDeviceMemory = {
    "a GPU's memory was too small",
    "smaller micro-batches or sequences, activation_checkpointing or more ranks need less"};
constexpr std::pair kHostMemory = {
    "the system refused memory",
    "smaller cells or fewer ranks a host need less; see the limits (ulimit -v, the control group)"};

using Pair = std::pair<const char*, const char*>;
constexpr KnownCause row(const char* pattern, const Pair& known, bool is_out_of_memory = false) {
  return {pattern, known.first, known.second, is_out_of_memory};
}

// A row that names a cause exactly comes before rows that follow from many. The words are of Open
// MPI 4 and 5, MPICH's and Intel's Hydra, Slurm 20 to 24, glibc and Linux.
constexpr std::array kCauses = {
    row("mpirun does not support recursive calls",
        {"moebench itself was started by mpirun, which starts no ranks of its own then",
         "start moebench without mpirun: it starts the ranks"}),
    row("there is not enough space for /dev/shm", kSharedMemory),
    row("No space left on device (28) /dev/shm", kSharedMemory),
    row("error while creating shared memory segment /dev/shm", kSharedMemory),
    row("unable to find network interfaces", kLoopback),
    row("None of the TCP networks specified to be included", kLoopback),
    row("No network interfaces were found for out-of-band", kLoopback),
    row("problems getting address for index", kLoopback),
    row("can't load PMIx library", kSlurmPmix),
    row("cannot find mpi plugin for", kSlurmPmix),
    row("Couldn't find the specified plugin name for mpi/pmix", kSlurmPmix),
    row("Couldn't find the specified plugin name for mpi_pmix", kSlurmPmix),
    row("Invalid MPI type 'pmix'", kSlurmPmix),
    row("was not built with SLURM's PMI support", kSlurmPmix),
    row("not built with SLURM support", kSlurmPmix),
    row("mpi/pmix", kSlurmPmix),
    row("[mpiexec@", kOtherMpi),
    row("[proxy:", kOtherMpi),
    row("HYDU_", kOtherMpi),
    row("unrecognized argument", kOtherMpi),
    row("ranks are needed, but the launcher started", kOtherMpi),
    row("Open MPI detected a mismatch in versions", kOtherMpi),
    row("PMIX ERROR: OUTDATED", kOtherMpi),
    row("error while loading shared libraries", kLibrary),
    row("symbol lookup error", kLibrary),
    row("undefined symbol", kLibrary),
    row("' not found (required by", kLibrary),
    row("could not access or execute", kProgram),
    row("could not access\nor execute", kProgram),
    row("could not find an executable", kProgram),
    row("Exec format error", kProgram),
    row("execve(): ", kProgram),
    row("execvp error on file", kProgram),
    row("has a bad interpreter", kProgram),
    row("was unable to start the specified application", kProgram),
    row("path that is too long for the Unix domain socket", kTemporary),
    row("Unable to create the session directory", kTemporary),
    row("unable to create session dir", kTemporary),
    row("orte_session_dir failed", kTemporary),
    row("There are not enough slots available", kSlots),
    row("All nodes which are allocated for this job are already filled", kSlots),
    row("found no available cpus", kBinding),
    row("binding more processes than cpus", kBinding),
    row("more processes than cpus on", kBinding),
    row("CPU binding outside of job step allocation", kBinding),
    row("Unable to satisfy cpu bind request", kBinding),
    row("moebench: host '", kHostGone),
    row("Could not resolve hostname", kNoHost),
    row("there is no test host", kNoHost),
    row("unable to reliably start one or more daemons", kDaemons),
    row("An ORTE daemon has unexpectedly failed", kDaemons),
    row("Remote daemon: ", kLostDaemon),  // its line names the host
    row("PRTE has lost communication with a remote daemon", kLostDaemon),
    row("ORTE has lost communication with a remote daemon", kLostDaemon),
    row("Host key verification failed", kDaemons),
    row("Permission denied (publickey", kDaemons),
    row("DUE TO TIME LIMIT", {"the batch system's time limit ended the ranks",
                              "ask for more time (--time), or for fewer cells at once"}),
    row("oom-kill event", kOutOfMemory, true),
    row("oom_kill event", kOutOfMemory, true),
    row("Out Of Memory", kOutOfMemory, true),
    row("Exceeded job memory limit", kOutOfMemory, true),
    row("OutOfMemoryError: CUDA", kDeviceMemory, true),
    row("OutOfMemoryError: HIP", kDeviceMemory, true),
    row("CUDA out of memory", kDeviceMemory, true),
    row("HIP out of memory", kDeviceMemory, true),
    row("CUDA error: out of memory", kDeviceMemory, true),
    row("CUBLAS_STATUS_ALLOC_FAILED", kDeviceMemory, true),
    row("CUDNN_STATUS_ALLOC_FAILED", kDeviceMemory, true),
    row("DefaultCPUAllocator: not enough memory", kHostMemory, true),
    row("DefaultCPUAllocator: can't allocate memory", kHostMemory, true),
    row("numpy._core._exceptions._ArrayMemoryError", kHostMemory, true),
    row("std::bad_alloc", kHostMemory, true),
    row("Unable to create step for job", kSlurmResources),
    row("More processors requested than permitted", kSlurmResources),
    row("Requested node configuration is not available", kSlurmResources),
    row("Unable to allocate resources", kSlurmResources),
    row("Resource temporarily unavailable", kLimits),
    row("Too many open files", kLimits),
    row("No space left on device", kDisk),
    row("Disk quota exceeded", kDisk),
    // Open MPI's help texts pass through shared memory and may be lost, each for itself.
    row("processes are unable to reach each other", kUnreachable),
    row("MPI process is unreachable", kUnreachable),
    row("BTLs attempted: self", kUnreachable),
    row("stack smashing detected",
        {"a program overran a buffer; mpirun of Open MPI 4 does where the host's name is longer "
         "than 55 characters",
         "give the host a short name (hostname NAME; docker run --hostname NAME)"}),
    row("signal 7 (Bus error)",
        {"memory behind a mapped file could not be had: /dev/shm or a disk is full, or a file was "
         "cut short while it was read",
         "see df -h /dev/shm, and enlarge it where it is small (docker run --shm-size=1g)"}),
    row("signal 4 (Illegal instruction)",
        {"moebench-rank or a library of it was built for another kind of CPU",
         "build it on this kind of machine"}),
    row("signal 9 (Killed)", kKilled),
    row("An error occurred in MPI_Init",
        {"MPI did not start among the ranks",
         "see the log; most often /dev/shm is full (df -h /dev/shm) or hosts cannot reach each "
         "other"}),
    // By convention of shells and launchers, whatever the program printed.
    row("exit code 127", kNotFound),
    row("exit code 126", kProgram),
};

}  // namespace

const KnownCause* find_cause(std::string_view text) {
  const auto found = std::ranges::find_if(kCauses, [&](const KnownCause& known) {
    return text.find(known.pattern) != std::string_view::npos;
  });
  return found == kCauses.end() ? nullptr : &*found;
}

}  // namespace moebench::merge
