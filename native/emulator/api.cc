// CUDA's runtime interface over the emulator: see api.h.
#include "api.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <vector>

#include "block.h"

/// What a capture has recorded; each launch does it again, in order.
struct SimtGraph {
    std::vector<std::function<std::string()>> actions;
    std::vector<SimtStream*> streams;  // those that take part while it is being captured
    std::vector<SimtEvent*> events;    // those recorded meanwhile
};
struct SimtStream {
    SimtGraph* capture = nullptr;
};
struct SimtEvent {
    SimtGraph* capture = nullptr;
    std::chrono::steady_clock::time_point time;
};

namespace {
thread_local cudaError_t last = cudaSuccess;
thread_local std::string report;

cudaError_t fails(cudaError_t error) {
    last = error;
    return error;
}

SimtGraph* capture(SimtStream* stream) { return stream ? stream->capture : nullptr; }

/// Does it now, or lets the capture remember it.
cudaError_t submit(SimtStream* stream, cudaError_t failure, std::function<std::string()> action) {
    if (SimtGraph* graph = capture(stream)) {
        graph->actions.push_back(std::move(action));
        return cudaSuccess;
    }
    std::string said = action();
    if (said.empty()) return cudaSuccess;
    report = said;
    return fails(failure);
}

cudaError_t allocate(void** address, size_t bytes) {
    // exactly this size, so that AddressSanitizer sees what lies beyond; never nothing, as a device's allocator
    if (posix_memalign(address, 256, bytes == 0 ? 1 : bytes) == 0) return cudaSuccess;
    return fails(cudaErrorMemoryAllocation);
}
}  // namespace

namespace simt {
void launch(const Kernel& kernel, Body body) {
    std::shared_ptr<void> closure(body.closure, body.destroy);
    const std::string refused = refusal(kernel);
    if (!refused.empty()) {
        report = refused;
        fails(cudaErrorInvalidConfiguration);
        return;
    }
    submit(static_cast<SimtStream*>(kernel.stream), cudaErrorLaunchFailure, [kernel, body, closure] { return run_grid(kernel, body); });
}
}  // namespace simt

const char* simt_report() { return report.c_str(); }

cudaError_t cudaGetLastError() {
    const cudaError_t error = last;
    last = cudaSuccess;
    if (error == cudaSuccess) report.clear();
    return error;
}

const char* cudaGetErrorString(cudaError_t error) {
    switch (error) {
        case cudaSuccess: return "no error";
        case cudaErrorInvalidValue: return "invalid argument";
        case cudaErrorMemoryAllocation: return "out of memory";
        case cudaErrorInvalidConfiguration: return "invalid configuration argument";
        case cudaErrorInvalidDevice: return "invalid device ordinal";
        case cudaErrorInvalidResourceHandle: return "invalid resource handle";
        case cudaErrorNotReady: return "device not ready";
        case cudaErrorLaunchFailure: return "unspecified launch failure";
        case cudaErrorStreamCaptureUnsupported: return "operation not permitted when stream is capturing";
        case cudaErrorStreamCaptureInvalidated: return "operation failed due to a previous error during capture";
        case cudaErrorStreamCaptureUnmatched: return "the stream is not part of this capture";
        case cudaErrorStreamCaptureUnjoined: return "capturing stream has unjoined work";
    }
    return "unknown error";
}

cudaError_t cudaGetDeviceCount(int* count) {
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : fails(cudaErrorInvalidDevice); }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
    std::snprintf(properties->name, sizeof properties->name, "SIMT emulator");
    return cudaSetDevice(device);
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    switch (attribute) {
        case cudaDevAttrMultiProcessorCount: *value = 4; break;
        case cudaDevAttrL2CacheSize: *value = 1 << 20; break;
        case cudaDevAttrComputeCapabilityMajor: *value = 8; break;
        case cudaDevAttrComputeCapabilityMinor: *value = 0; break;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = 163 * 1024; break;
    }
    return cudaSetDevice(device);
}

cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }

cudaError_t cudaDriverGetVersion(int* version) {
    *version = 0;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
    *version = 0;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* available, size_t* total) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    *available = page * static_cast<size_t>(sysconf(_SC_AVPHYS_PAGES));
    *total = page * static_cast<size_t>(sysconf(_SC_PHYS_PAGES));
    return cudaSuccess;
}

cudaError_t cudaMalloc(void** address, size_t bytes) { return allocate(address, bytes); }

cudaError_t cudaFree(void* address) {
    std::free(address);
    return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** address, size_t bytes, unsigned) { return allocate(address, bytes); }

cudaError_t cudaFreeHost(void* address) { return cudaFree(address); }

cudaError_t cudaMemsetAsync(void* address, int value, size_t bytes, cudaStream_t stream) {
    return submit(stream, cudaErrorInvalidValue, [=] {
        if (bytes > 0) std::memset(address, value, bytes);
        return std::string();
    });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
    return submit(stream, cudaErrorInvalidValue, [=] {
        if (bytes > 0) std::memcpy(to, from, bytes);
        return std::string();
    });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = new SimtStream();
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return capture(stream) ? fails(cudaErrorStreamCaptureUnsupported) : cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    if (stream && event->capture && stream->capture == nullptr) {  // the stream joins the capture
        stream->capture = event->capture;
        event->capture->streams.push_back(stream);
    }
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
    *event = new SimtEvent();
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    event->capture = capture(stream);
    if (event->capture) event->capture->events.push_back(event);
    event->time = std::chrono::steady_clock::now();
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    return event->capture ? fails(cudaErrorStreamCaptureUnsupported) : cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
    *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    if (stream == nullptr || stream->capture) return fails(cudaErrorStreamCaptureUnsupported);
    stream->capture = new SimtGraph();
    stream->capture->streams.push_back(stream);
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    if (capture(stream) == nullptr || stream->capture->streams.front() != stream) return fails(cudaErrorStreamCaptureUnmatched);
    *graph = stream->capture;
    for (SimtStream* joined : (*graph)->streams) joined->capture = nullptr;
    for (SimtEvent* event : (*graph)->events) event->capture = nullptr;
    (*graph)->streams.clear();
    (*graph)->events.clear();
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
    *executable = new SimtGraph(*graph);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    return submit(stream, cudaErrorLaunchFailure, [executable] {
        for (const auto& action : executable->actions) {
            std::string said = action();
            if (!said.empty()) return said;
        }
        return std::string();
    });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    delete executable;
    return cudaSuccess;
}
