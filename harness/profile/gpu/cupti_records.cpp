#include "harness/profile/gpu/cupti_records.h"

#include <cupti.h>

#include <unordered_set>

#include "harness/profile/gpu/kernel_name.h"

namespace moebench::profile_gpu {
namespace {

// The records as the headers of CUDA 13.0 know them. CUPTI appends members in new releases and
// gives the struct another number; the walk goes by the sizes of the library that wrote the
// records.
using KernelRecord = CUpti_ActivityKernel10;
using CopyRecord = CUpti_ActivityMemcpy6;
using PeerCopyRecord = CUpti_ActivityMemcpyPtoP4;
using MemsetRecord = CUpti_ActivityMemset4;
using MemoryRecord = CUpti_ActivityMemory4;
using CallRecord = CUpti_ActivityAPI;
using MarkerRecord = CUpti_ActivityMarker2;

const char* direction(std::uint8_t copy_kind) {
  switch (copy_kind) {
    case CUPTI_ACTIVITY_MEMCPY_KIND_HTOD:
    case CUPTI_ACTIVITY_MEMCPY_KIND_HTOA:
      return "host_to_device";
    case CUPTI_ACTIVITY_MEMCPY_KIND_DTOH:
    case CUPTI_ACTIVITY_MEMCPY_KIND_ATOH:
      return "device_to_host";
    case CUPTI_ACTIVITY_MEMCPY_KIND_DTOD:
    case CUPTI_ACTIVITY_MEMCPY_KIND_ATOA:
    case CUPTI_ACTIVITY_MEMCPY_KIND_ATOD:
    case CUPTI_ACTIVITY_MEMCPY_KIND_DTOA:
      return "device_to_device";
    case CUPTI_ACTIVITY_MEMCPY_KIND_HTOH:
      return "host_to_host";
    case CUPTI_ACTIVITY_MEMCPY_KIND_PTOP:
      return "peer_to_peer";
    default:
      return "copy";
  }
}

template <typename Record>
Activity copy_of(const Record& r, const char* name) {
  return {.kind = ActivityKind::kCopy,
          .name = name,
          .device = r.deviceId,
          .stream = r.streamId,
          .correlation = r.correlationId,
          .bytes = static_cast<std::int64_t>(r.bytes)};
}

}  // namespace

void CuptiDecoder::add(std::uint8_t* buffer, std::size_t valid_bytes) {
  if (valid_bytes == 0) return;
  CUpti_Activity* record = nullptr;
  CUptiResult result = CUPTI_SUCCESS;
  while ((result = cuptiActivityGetNextRecord(buffer, valid_bytes, &record)) == CUPTI_SUCCESS) {
    add_record(record, record->kind);
  }
  // Otherwise a record is cut short or invalid, and what follows it cannot be found.
  if (result != CUPTI_ERROR_MAX_LIMIT_REACHED) ++trace_.dropped;
}

void CuptiDecoder::add_record(const void* record, int kind) {
  switch (kind) {
    case CUPTI_ACTIVITY_KIND_KERNEL:
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL: {
      const auto& r = *static_cast<const KernelRecord*>(record);
      add_activity({.kind = ActivityKind::kKernel,
                    .name = name_of(r.name),
                    .device = r.deviceId,
                    .stream = r.streamId,
                    .correlation = r.correlationId},
                   r.start, r.end);
      break;
    }
    case CUPTI_ACTIVITY_KIND_MEMCPY: {
      const auto& r = *static_cast<const CopyRecord*>(record);
      add_activity(copy_of(r, direction(r.copyKind)), r.start, r.end);
      break;
    }
    case CUPTI_ACTIVITY_KIND_MEMCPY2: {
      const auto& r = *static_cast<const PeerCopyRecord*>(record);
      add_activity(copy_of(r, direction(CUPTI_ACTIVITY_MEMCPY_KIND_PTOP)), r.start, r.end);
      break;
    }
    case CUPTI_ACTIVITY_KIND_MEMSET: {
      const auto& r = *static_cast<const MemsetRecord*>(record);
      Activity activity = copy_of(r, "memset");
      activity.kind = ActivityKind::kMemset;
      add_activity(std::move(activity), r.start, r.end);
      break;
    }
    case CUPTI_ACTIVITY_KIND_MEMORY2: {
      const auto& r = *static_cast<const MemoryRecord*>(record);
      if (r.memoryKind != CUPTI_ACTIVITY_MEMORY_KIND_DEVICE)
        break;  // pinned host memory and others
      trace_.memory.push_back(
          {r.memoryOperationType == CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_ALLOCATION,
           static_cast<std::int64_t>(r.timestamp), static_cast<std::int64_t>(r.bytes)});
      break;
    }
    case CUPTI_ACTIVITY_KIND_RUNTIME:
    case CUPTI_ACTIVITY_KIND_DRIVER:
      add_call(record, kind == CUPTI_ACTIVITY_KIND_DRIVER);
      break;
    case CUPTI_ACTIVITY_KIND_MARKER:
      add_marker(record);
      break;
    default:
      ++trace_.unknown;
  }
}

void CuptiDecoder::add_activity(Activity activity, std::uint64_t begin, std::uint64_t end) {
  // CUPTI's sign that it had no memory left for the times.
  if (begin == 0 || end == 0) {
    ++trace_.dropped;
    return;
  }
  activity.begin_ns = static_cast<std::int64_t>(begin);
  activity.end_ns = static_cast<std::int64_t>(end);
  trace_.activities.push_back(std::move(activity));
}

void CuptiDecoder::add_call(const void* record, bool is_driver) {
  const auto& r = *static_cast<const CallRecord*>(record);
  trace_.launches.push_back({name_of_call(r.cbid, is_driver), static_cast<std::int64_t>(r.start),
                             static_cast<std::int64_t>(r.end), r.threadId, r.correlationId});
}

// A range is two records, and only the first has names. Single moments are no ranges.
void CuptiDecoder::add_marker(const void* record) {
  const auto& r = *static_cast<const MarkerRecord*>(record);
  const auto time = static_cast<std::int64_t>(r.timestamp);
  if ((r.flags & CUPTI_ACTIVITY_FLAG_MARKER_START) != 0) {
    const bool is_of_thread = r.objectKind == CUPTI_ACTIVITY_OBJECT_THREAD;
    open_ranges_[r.id] = {r.name != nullptr ? r.name : "", r.domain != nullptr ? r.domain : "",
                          time, time, is_of_thread ? r.objectId.pt.threadId : 0};
  } else if ((r.flags & CUPTI_ACTIVITY_FLAG_MARKER_END) != 0) {
    auto begun = open_ranges_.extract(r.id);
    if (begun.empty()) return;  // before the trace
    begun.mapped().end_ns = time;
    trace_.ranges.push_back(std::move(begun.mapped()));
  }
}

const std::string& CuptiDecoder::name_of(const char* symbol) {
  const auto [found, is_new] = kernel_names_.try_emplace(symbol);
  if (is_new) found->second = kernel_name(symbol);
  return found->second;
}

const std::string& CuptiDecoder::name_of_call(std::uint32_t call, bool is_driver) {
  const auto [found, is_new] = call_names_.try_emplace(std::uint64_t{is_driver} << 32 | call);
  if (is_new) {
    const char* name = nullptr;
    const auto domain = is_driver ? CUPTI_CB_DOMAIN_DRIVER_API : CUPTI_CB_DOMAIN_RUNTIME_API;
    const bool has_name = cuptiGetCallbackName(domain, call, &name) == CUPTI_SUCCESS && name;
    found->second = has_name ? call_name(name) : "call " + std::to_string(call);
  }
  return found->second;
}

GpuTrace CuptiDecoder::take() {
  std::unordered_set<std::uint32_t> launched;
  for (const Activity& activity : trace_.activities) launched.insert(activity.correlation);
  std::erase_if(trace_.launches,
                [&](const Launch& launch) { return !launched.contains(launch.correlation); });
  return std::move(trace_);
}

}  // namespace moebench::profile_gpu
