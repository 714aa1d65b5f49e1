// A tool as NVTX loads one (NVTX_INJECTION64_PATH): counts the ranges of the domain "moebench".
#include <nvtx3/nvToolsExt.h>

#include <cstring>
#include <map>
#include <string>

#define MOEBENCH_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Seen {
  std::map<std::string, int> pushed;  // by name
  int popped = 0;
};

Seen& seen() {
  static Seen all;
  return all;
}

// A handle is the text itself.
nvtxDomainHandle_t create_domain(const char* name) {
  return reinterpret_cast<nvtxDomainHandle_t>(::strdup(name));
}

nvtxStringHandle_t register_string(nvtxDomainHandle_t, const char* text) {
  return reinterpret_cast<nvtxStringHandle_t>(::strdup(text));
}

int push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* range) {
  if (std::strcmp(reinterpret_cast<const char*>(domain), "moebench") != 0) return 0;
  ++seen().pushed[reinterpret_cast<const char*>(range->message.registered)];
  return 0;
}

int pop(nvtxDomainHandle_t domain) {
  seen().popped += std::strcmp(reinterpret_cast<const char*>(domain), "moebench") == 0 ? 1 : 0;
  return 0;
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
  *table[NVTX_CBID_CORE2_DomainRangePushEx] = erased(push);
  *table[NVTX_CBID_CORE2_DomainRangePop] = erased(pop);
  return 1;
}

MOEBENCH_EXPORT int moebench_nvtx_pushed(const char* name) { return seen().pushed[name]; }
MOEBENCH_EXPORT int moebench_nvtx_popped() { return seen().popped; }
