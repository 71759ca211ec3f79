// What a profiler sees of kn_range_push() and kn_range_pop(): it is linked in here, as NVTX allows, and needs no device.
#define NVTX_NO_IMPL
#include <nvtx3/nvToolsExt.h>

#include <cstdio>
#include <string>

#include "../include/kinema.h"

namespace {
std::string seen;
int depth = 0;

int NVTX_API push(const char* name) {
    seen += "<" + std::string(name);
    return depth++;
}

int NVTX_API pop() {
    seen += ">";
    return --depth;
}

int NVTX_API attach(NvtxGetExportTableFunc_t tables) {
    const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(tables(NVTX_ETID_CALLBACKS));
    NvtxFunctionTable functions = nullptr;
    unsigned count = 0;
    if (callbacks == nullptr || !callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE, &functions, &count)) return 0;
    *functions[NVTX_CBID_CORE_RangePushA] = reinterpret_cast<NvtxFunctionPointer>(push);
    *functions[NVTX_CBID_CORE_RangePop] = reinterpret_cast<NvtxFunctionPointer>(pop);
    return 1;
}
}  // namespace

extern "C" {
NvtxInitializeInjectionNvtxFunc_t InitializeInjectionNvtx2_fnptr = attach;
}

int main() {
    const bool depths = kn_range_push("%1 Conv3d") == 0 && kn_range_push("%2 Relu") == 1 && kn_range_pop() == 1 && kn_range_pop() == 0;
    const bool right = depths && seen == "<%1 Conv3d<%2 Relu>>";
    std::printf("%s: %s\n", right ? "seen" : "FAILED", seen.c_str());
    return right ? 0 : 1;
}
