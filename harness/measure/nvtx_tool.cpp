// A tool as NVTX loads one (NVTX_INJECTION64_PATH): counts and logs the ranges of the domain
// "moebench".
#include <nvtx3/nvToolsExt.h>

#include <cstring>
#include <map>
#include <set>
#include <string>
#include <utility>

#define MOEBENCH_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Seen {
  std::set<std::string> texts;        // that handles point to
  std::map<std::string, int> pushed;  // by name
  int popped = 0;
  std::string log;
  std::map<std::uint32_t, std::string> categories;
  nvtxRangeId_t last_id = 0;
};

Seen& seen() {
  static Seen all;
  return all;
}

const char* text_of(const void* handle) { return static_cast<const char*>(handle); }
bool is_ours(nvtxDomainHandle_t domain) { return std::strcmp(text_of(domain), "moebench") == 0; }

std::string describe(const nvtxEventAttributes_t& range) {
  return seen().categories[range.category] + "/" + text_of(range.message.registered);
}

// A handle is the text itself.
char* keep(const char* text) { return const_cast<char*>(seen().texts.insert(text).first->c_str()); }

nvtxDomainHandle_t create_domain(const char* name) {
  return reinterpret_cast<nvtxDomainHandle_t>(keep(name));
}

nvtxStringHandle_t register_string(nvtxDomainHandle_t, const char* text) {
  return reinterpret_cast<nvtxStringHandle_t>(keep(text));
}

void name_category(nvtxDomainHandle_t domain, std::uint32_t category, const char* name) {
  if (is_ours(domain)) seen().categories[category] = name;
}

int push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* range) {
  if (!is_ours(domain)) return 0;
  ++seen().pushed[text_of(range->message.registered)];
  seen().log += "push " + describe(*range) + "\n";
  return 0;
}

int pop(nvtxDomainHandle_t domain) {
  if (!is_ours(domain)) return 0;
  ++seen().popped;
  seen().log += "pop\n";
  return 0;
}

nvtxRangeId_t start(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* range) {
  if (!is_ours(domain)) return 0;
  const nvtxRangeId_t id = ++seen().last_id;
  const bool is_number = range->payloadType == NVTX_PAYLOAD_TYPE_INT64;
  seen().log += "start " + std::to_string(id) + " " + describe(*range) + " " +
                (is_number ? std::to_string(range->payload.llValue) : "?") + "\n";
  return id;
}

void end(nvtxDomainHandle_t domain, nvtxRangeId_t id) {
  if (is_ours(domain)) seen().log += "end " + std::to_string(id) + "\n";
}

template <typename Function>
NvtxFunctionPointer erased(Function* function) {
  return reinterpret_cast<NvtxFunctionPointer>(function);
}

}  // namespace

MOEBENCH_EXPORT int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table) {
  const auto* callbacks =
      static_cast<const NvtxExportTableCallbacks*>(get_table(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable table = nullptr;
  unsigned int size = 0;
  if (callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &table, &size) == 0) return 0;
  *table[NVTX_CBID_CORE2_DomainCreateA] = erased(create_domain);
  *table[NVTX_CBID_CORE2_DomainRegisterStringA] = erased(register_string);
  *table[NVTX_CBID_CORE2_DomainNameCategoryA] = erased(name_category);
  *table[NVTX_CBID_CORE2_DomainRangePushEx] = erased(push);
  *table[NVTX_CBID_CORE2_DomainRangePop] = erased(pop);
  *table[NVTX_CBID_CORE2_DomainRangeStartEx] = erased(start);
  *table[NVTX_CBID_CORE2_DomainRangeEnd] = erased(end);
  return 1;
}

MOEBENCH_EXPORT int moebench_nvtx_pushed(const char* name) { return seen().pushed[name]; }
MOEBENCH_EXPORT int moebench_nvtx_popped() { return seen().popped; }
// Writes one line a call, since the last time: "push phase/router", "pop", "start 1 layer/layer 5",
// "end 1".
MOEBENCH_EXPORT void moebench_nvtx_take_log(std::string* log) {
  *log = std::exchange(seen().log, {});
  seen().last_id = 0;
}
