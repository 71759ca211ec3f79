// The part of the interface that is not kernels: devices, memory, streams, events, graphs, errors.
#include <atomic>
#include <cstdarg>
#include <cstdio>

#include "kernel.h"

#if defined(__CUDACC__) && __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#define KN_NVTX 1
#else
#define KN_NVTX 0
#endif

#ifndef KN_BUILD_ID
#include "build_id.h"
#endif

namespace kn {
namespace {
thread_local char sentence[1024] = "";
std::atomic<int64_t> live{0};

kn_status outcome(cudaError_t error, const char* what) {
    if (error == cudaSuccess) return KN_OK;
    (void)cudaGetLastError();
    return refuse(static_cast<kn_status>(error), "%s failed: %s", what, cudaGetErrorString(error));
}

uint64_t made(cudaError_t error, const char* what, const void* object) {
    if (outcome(error, what) != KN_OK) return 0;
    ++live;
    return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(object));
}

kn_status gone(cudaError_t error, const char* what) {
    --live;
    return outcome(error, what);
}

cudaEvent_t event_of(kn_handle h) { return reinterpret_cast<cudaEvent_t>(static_cast<uintptr_t>(h)); }
}  // namespace

kn_status refuse(kn_status status, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return status;
}

kn_status launched(const char* format, ...) {
    const cudaError_t error = cudaGetLastError();
    if (error == cudaSuccess) return KN_OK;
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
#if defined(__CUDACC__)
    return refuse(static_cast<kn_status>(error), "%s: the launch failed: %s", what, cudaGetErrorString(error));
#else
    return refuse(static_cast<kn_status>(error), "%s: the launch failed: %s; %s", what, cudaGetErrorString(error), simt_report());
#endif
}

const char* dtype_name(kn_dtype dtype) {
    static const char* const NAMES[] = {"f32", "bf16", "i32", "i64", "u8"};
    return dtype >= 0 && dtype < 5 ? NAMES[dtype] : "unknown dtype";
}

bool has_shared(size_t bytes) {
    static std::atomic<int64_t> known[64];  // of each device, asked once; the emulator's may change
    int device = 0;
#if defined(__CUDACC__)
    if (cudaGetDevice(&device) != cudaSuccess || device >= 64) return false;
    if (known[device] != 0) return static_cast<int64_t>(bytes) <= known[device];
#endif
    const int64_t asked = kn_device_property(device, KN_SHARED_MEMORY);
    known[device] = asked < 0 ? 0 : asked;
    return static_cast<int64_t>(bytes) <= asked;
}
}  // namespace kn

using namespace kn;

extern "C" {

int32_t kn_abi_version(void) { return KN_ABI_VERSION; }

const char* kn_build_id(void) { return KN_BUILD_ID; }

int32_t kn_is_emulated(void) {
#if defined(__CUDACC__)
    return 0;
#else
    return 1;
#endif
}

const char* kn_last_error(void) { return sentence; }

int64_t kn_live_objects(void) { return live; }

int32_t kn_device_count(void) {
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess && count > 0) return count;
    (void)cudaGetLastError();
    int driver = 0;
    // without libcuda.so.1 the driver's version is 0
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
        refuse(KN_UNSUPPORTED, "there is no NVIDIA driver on this machine (libcuda.so.1 was not found)");
    } else if (error != cudaSuccess) {
        int runtime = 0;
        (void)cudaRuntimeGetVersion(&runtime);
        refuse(KN_UNSUPPORTED, "%s (the driver serves CUDA %d.%d, these kernels were built with %d.%d)", cudaGetErrorString(error),
               driver / 1000, driver / 10 % 100, runtime / 1000, runtime / 10 % 100);
    } else {
        refuse(KN_UNSUPPORTED, "the NVIDIA driver reports no GPU");
    }
    return 0;
}

const char* kn_device_name(int32_t device) {
    static thread_local cudaDeviceProp properties;
    return outcome(cudaGetDeviceProperties(&properties, device), "asking for the device's name") == KN_OK ? properties.name : nullptr;
}

int64_t kn_device_property(int32_t device, int32_t property) {
    const auto ask = [&](cudaDeviceAttr attribute) {
        int value = 0;
        const cudaError_t error = cudaDeviceGetAttribute(&value, attribute, device);
        return outcome(error, "asking for a property of the device") == KN_OK ? static_cast<int64_t>(value) : -1;
    };
    int version = 0;
    switch (property) {
        case KN_COMPUTE_CAPABILITY: {
            const int64_t major = ask(cudaDevAttrComputeCapabilityMajor);
            return major < 0 ? -1 : major * 10 + ask(cudaDevAttrComputeCapabilityMinor);
        }
        case KN_MULTIPROCESSORS: return ask(cudaDevAttrMultiProcessorCount);
        case KN_L2_BYTES: return ask(cudaDevAttrL2CacheSize);
        case KN_SHARED_MEMORY: return ask(cudaDevAttrMaxSharedMemoryPerBlockOptin);
        case KN_MEMORY_TOTAL:
        case KN_MEMORY_FREE: {
            size_t available = 0, total = 0;
            if (kn_device_use(device) != KN_OK || outcome(cudaMemGetInfo(&available, &total), "asking for free memory") != KN_OK) return -1;
            return static_cast<int64_t>(property == KN_MEMORY_FREE ? available : total);
        }
        case KN_DRIVER_VERSION: return outcome(cudaDriverGetVersion(&version), "asking for the driver's version") == KN_OK ? version : -1;
        case KN_RUNTIME_VERSION: return outcome(cudaRuntimeGetVersion(&version), "asking for CUDA's version") == KN_OK ? version : -1;
        default: refuse(KN_INVALID_ARGUMENT, "there is no device property %d", property); return -1;
    }
}

kn_status kn_device_use(int32_t device) { return outcome(cudaSetDevice(device), "choosing the device"); }

kn_status kn_device_synchronize(void) { return outcome(cudaDeviceSynchronize(), "waiting for the device"); }

kn_dptr kn_memory_allocate(int64_t bytes) {
    void* address = nullptr;
    // at least one byte: CUDA gives no address for none
    const cudaError_t error = cudaMalloc(&address, static_cast<size_t>(bytes < 1 ? 1 : bytes));
    return made(error, "allocating memory of the device", address);
}

kn_status kn_memory_free(kn_dptr a) { return gone(cudaFree(address<void>(a)), "freeing memory of the device"); }

kn_status kn_memory_set(kn_dptr a, int32_t byte, int64_t bytes, kn_handle stream) {
    return outcome(cudaMemsetAsync(address<void>(a), byte, static_cast<size_t>(bytes), stream_of(stream)), "setting memory");
}

uint64_t kn_host_allocate(int64_t bytes) {
    void* address = nullptr;
    const cudaError_t error = cudaHostAlloc(&address, static_cast<size_t>(bytes < 1 ? 1 : bytes), cudaHostAllocDefault);
    return made(error, "allocating memory of the host", address);
}

kn_status kn_host_free(uint64_t a) { return gone(cudaFreeHost(address<void>(a)), "freeing memory of the host"); }

static kn_status copy(uint64_t to, uint64_t from, int64_t bytes, cudaMemcpyKind kind, kn_handle stream) {
    KN_REQUIRE(bytes >= 0, "a copy of %lld bytes", static_cast<long long>(bytes));
    if (bytes == 0) return KN_OK;
    return outcome(cudaMemcpyAsync(address<void>(to), address<void>(from), static_cast<size_t>(bytes), kind, stream_of(stream)), "a copy");
}

kn_status kn_copy_to_device(kn_dptr target, uint64_t host, int64_t bytes, kn_handle stream) {
    return copy(target, host, bytes, cudaMemcpyHostToDevice, stream);
}

kn_status kn_copy_to_host(uint64_t host, kn_dptr source, int64_t bytes, kn_handle stream) {
    return copy(host, source, bytes, cudaMemcpyDeviceToHost, stream);
}

kn_status kn_copy(kn_dptr target, kn_dptr source, int64_t bytes, kn_handle stream) {
    return copy(target, source, bytes, cudaMemcpyDeviceToDevice, stream);
}

kn_handle kn_stream_create(void) {
    cudaStream_t stream = nullptr;
    const cudaError_t error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    return made(error, "making a stream", stream);
}

kn_status kn_stream_destroy(kn_handle stream) { return gone(cudaStreamDestroy(stream_of(stream)), "ending a stream"); }

kn_status kn_stream_synchronize(kn_handle stream) { return outcome(cudaStreamSynchronize(stream_of(stream)), "waiting for a stream"); }

kn_status kn_stream_wait(kn_handle stream, kn_handle event) {
    return outcome(cudaStreamWaitEvent(stream_of(stream), event_of(event), 0), "letting a stream wait for an event");
}

kn_handle kn_event_create(void) {
    cudaEvent_t event = nullptr;
    const cudaError_t error = cudaEventCreate(&event);
    return made(error, "making an event", event);
}

kn_status kn_event_destroy(kn_handle event) { return gone(cudaEventDestroy(event_of(event)), "ending an event"); }

kn_status kn_event_record(kn_handle event, kn_handle stream) {
    return outcome(cudaEventRecord(event_of(event), stream_of(stream)), "recording an event");
}

kn_status kn_event_synchronize(kn_handle event) { return outcome(cudaEventSynchronize(event_of(event)), "waiting for an event"); }

float kn_event_elapsed(kn_handle from, kn_handle to) {
    float milliseconds = 0;
    const cudaError_t error = cudaEventElapsedTime(&milliseconds, event_of(from), event_of(to));
    return outcome(error, "taking the time between events") == KN_OK ? milliseconds : -1;
}

kn_status kn_graph_begin(kn_handle stream) {
    return outcome(cudaStreamBeginCapture(stream_of(stream), cudaStreamCaptureModeThreadLocal), "beginning to capture a stream");
}

kn_handle kn_graph_end(kn_handle stream) {
    cudaGraph_t graph = nullptr;
    if (outcome(cudaStreamEndCapture(stream_of(stream), &graph), "capturing a stream") != KN_OK) return 0;
    cudaGraphExec_t executable = nullptr;
    const cudaError_t error = cudaGraphInstantiate(&executable, graph, 0);
    (void)cudaGraphDestroy(graph);
    return made(error, "making a graph", executable);
}

kn_status kn_graph_launch(kn_handle graph, kn_handle stream) {
    const cudaError_t error = cudaGraphLaunch(reinterpret_cast<cudaGraphExec_t>(static_cast<uintptr_t>(graph)), stream_of(stream));
#if !defined(__CUDACC__)
    if (error != cudaSuccess) return launched("a graph");
#endif
    return outcome(error, "launching a graph");
}

kn_status kn_graph_destroy(kn_handle graph) {
    return gone(cudaGraphExecDestroy(reinterpret_cast<cudaGraphExec_t>(static_cast<uintptr_t>(graph))), "ending a graph");
}

int32_t kn_range_push(const char* name) {
#if KN_NVTX
    return nvtxRangePushA(name);
#elif defined(__CUDACC__)
    (void)name;
    return -1;  // built without NVTX's headers
#else
    return simt_push_range(name);
#endif
}

int32_t kn_range_pop(void) {
#if KN_NVTX
    return nvtxRangePop();
#elif defined(__CUDACC__)
    return -1;
#else
    return simt_pop_range();
#endif
}

kn_status kn_emulate(int32_t what, int64_t value) {
#if defined(__CUDACC__)
    (void)value;
    return refuse(KN_UNSUPPORTED, "these kernels run on a device, nothing of it is emulated (%d)", what);
#else
    KN_REQUIRE(simt_pretend(what, value), "there is nothing %d to emulate", what);
    return KN_OK;
#endif
}

}  // extern "C"
