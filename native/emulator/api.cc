// CUDA's runtime interface over the emulator: see api.h.
#include "api.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "../include/kinema.h"
#include "block.h"
#include "pretence.h"
#include "queue.h"

constexpr int CUDA_VERSION = 13000;  // that the emulator stands for

/// What a capture has recorded; each launch does it again, in order.
struct SimtGraph {
    std::vector<std::function<std::string()>> actions;
    std::vector<std::shared_ptr<simt::Queue>> queues;  // of the streams that took part
    std::vector<SimtStream*> streams;                  // these, while it is being captured; the first is the one that began
    std::vector<SimtEvent*> events;                    // those recorded meanwhile
};
struct SimtStream {
    SimtGraph* capture = nullptr;
    std::shared_ptr<simt::Queue> queue = std::make_shared<simt::Queue>();
    int recorded = 0, joined = 0;  // actions of it in a capture, and how many of them another stream has waited for
};
struct SimtEvent {
    SimtGraph* capture = nullptr;
    SimtStream* stream = nullptr;  // of the capture
    int recorded = 0;
    std::shared_ptr<simt::Mark> mark = std::make_shared<simt::Mark>();
    std::chrono::steady_clock::time_point time;
};

namespace {
thread_local cudaError_t last = cudaSuccess;
thread_local std::string report;
std::atomic<int> capturing{0};  // streams of which a capture has begun, by any thread

cudaError_t fails(cudaError_t error) {
    last = error;
    return error;
}

SimtGraph* capture(SimtStream* stream) { return stream ? stream->capture : nullptr; }

/// Does it now, or lets the capture remember it.
cudaError_t submit(SimtStream* stream, cudaError_t failure, std::function<std::string()> action) {
    // stricter than CUDA, where this holds while a stream is captured that waits for the default one
    if (stream == nullptr && capturing > 0) return fails(cudaErrorStreamCaptureImplicit);
    if (SimtGraph* graph = capture(stream)) {
        graph->actions.push_back(std::move(action));
        ++stream->recorded;
        return cudaSuccess;
    }
    std::string said = action();
    if (said.empty()) return cudaSuccess;
    report = said;
    return fails(failure);
}

/// The same for what KN_EMULATED_LATE can make late. What a kernel that is late reports is lost, but not that it failed.
cudaError_t submit_late(SimtStream* stream, cudaError_t failure, std::function<std::string()> action) {
    if (stream == nullptr || capture(stream) || simt::Pretence::instance().late == 0) return submit(stream, failure, std::move(action));
    stream->queue->add([action = std::move(action)] {
        if (!action().empty()) simt::Pretence::instance().broken = true;
    });
    return cudaSuccess;
}

/// The copies that whatever comes next on the stream must come after.
std::shared_ptr<simt::Queue> before(SimtStream* stream) { return stream ? stream->queue : std::make_shared<simt::Queue>(); }

simt::Pretence& pretence() { return simt::Pretence::instance(); }

/// Where every kernel ends up once one has accessed memory that is not its own.
cudaError_t unbroken() { return pretence().broken ? fails(cudaErrorIllegalAddress) : cudaSuccess; }

cudaError_t allocate(void** address, size_t bytes) {
    // exactly this size, so that AddressSanitizer sees what lies beyond; never nothing, as a device's allocator
    if (posix_memalign(address, 256, bytes == 0 ? 1 : bytes) == 0) return cudaSuccess;
    return fails(cudaErrorMemoryAllocation);
}

/// The sizes of what lies in the device's memory.
class Allocations {
  public:
    bool add(void* address, size_t bytes) {
        std::lock_guard<std::mutex> guard(lock_);
        if (pretence().used + static_cast<int64_t>(bytes) > pretence().memory) return false;
        pretence().used += static_cast<int64_t>(bytes);
        sizes_[address] = bytes;
        return true;
    }
    void remove(void* address) {
        std::lock_guard<std::mutex> guard(lock_);
        const auto found = sizes_.find(address);
        if (found == sizes_.end()) return;
        pretence().used -= static_cast<int64_t>(found->second);
        sizes_.erase(found);
    }
    // never ended: memory may be freed while a process ends
    static Allocations& instance() {
        static Allocations* allocations = new Allocations();
        return *allocations;
    }

  private:
    std::mutex lock_;
    std::unordered_map<void*, size_t> sizes_;
};

thread_local int ranges = 0;
}  // namespace

int simt_push_range(const char*) { return ranges++; }

int simt_pop_range() { return ranges == 0 ? -1 : --ranges; }

bool simt_pretend(int what, int64_t value) {
    switch (what) {
        case KN_EMULATED_MEMORY: pretence().memory = value; return true;
        case KN_EMULATED_DEVICES: pretence().devices = value; return true;
        case KN_EMULATED_DRIVER: pretence().driver = value; return true;
        case KN_EMULATED_CAPABILITY: pretence().capability = value; return true;
        case KN_EMULATED_SHARED: pretence().shared = value; return true;
        case KN_EMULATED_LATE: pretence().late = value; return true;
        case KN_EMULATED_REFUSAL: pretence().refusal = value; return true;
        case KN_EMULATED_FAULT:
            pretence().fault = value;
            if (value < 0) pretence().broken = false;
            return true;
        default: return false;
    }
}

namespace simt {
void launch(const Kernel& kernel, Body body) {
    std::shared_ptr<void> closure(body.closure, body.destroy);
    std::string refused = refusal(kernel);
    if (Pretence::comes(pretence().refusal)) refused = named(kernel) + ": refused, as was asked for";
    if (!refused.empty()) {
        report = refused;
        fails(cudaErrorInvalidConfiguration);
        return;
    }
    SimtStream* stream = static_cast<SimtStream*>(kernel.stream);
    submit_late(stream, cudaErrorLaunchFailure, [kernel, body, closure, queue = before(stream)] {
        queue->finish();
        if (Pretence::comes(pretence().fault)) pretence().broken = true;
        return pretence().broken ? std::string() : run_grid(kernel, body);
    });
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
        case cudaErrorInsufficientDriver: return "CUDA driver version is insufficient for CUDA runtime version";
        case cudaErrorNoDevice: return "no CUDA-capable device is detected";
        case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
        case cudaErrorInvalidDevice: return "invalid device ordinal";
        case cudaErrorInvalidResourceHandle: return "invalid resource handle";
        case cudaErrorNotReady: return "device not ready";
        case cudaErrorLaunchFailure: return "unspecified launch failure";
        case cudaErrorStreamCaptureUnsupported: return "operation not permitted when stream is capturing";
        case cudaErrorStreamCaptureInvalidated: return "operation failed due to a previous error during capture";
        case cudaErrorStreamCaptureUnmatched: return "the stream is not part of this capture";
        case cudaErrorStreamCaptureUnjoined: return "capturing stream has unjoined work";
        case cudaErrorStreamCaptureImplicit: return "operation would make the legacy stream depend on a capturing blocking stream";
    }
    return "unknown error";
}

cudaError_t cudaGetDeviceCount(int* count) {
    *count = static_cast<int>(pretence().devices);
    if (*count > 0) return cudaSuccess;
    return fails(pretence().driver < CUDA_VERSION ? cudaErrorInsufficientDriver : cudaErrorNoDevice);
}

cudaError_t cudaSetDevice(int device) { return device >= 0 && device < pretence().devices ? cudaSuccess : fails(cudaErrorInvalidDevice); }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
    std::snprintf(properties->name, sizeof properties->name, "SIMT emulator");
    return cudaSetDevice(device);
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    switch (attribute) {
        case cudaDevAttrMultiProcessorCount: *value = 4; break;
        case cudaDevAttrL2CacheSize: *value = 1 << 20; break;
        case cudaDevAttrComputeCapabilityMajor: *value = static_cast<int>(pretence().capability / 10); break;
        case cudaDevAttrComputeCapabilityMinor: *value = static_cast<int>(pretence().capability % 10); break;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = static_cast<int>(pretence().shared); break;
    }
    return cudaSetDevice(device);
}

cudaError_t cudaDeviceSynchronize() {
    if (capturing > 0) return fails(cudaErrorStreamCaptureUnsupported);
    simt::Queue::finish_all();
    return unbroken();
}

cudaError_t cudaDriverGetVersion(int* version) {
    *version = static_cast<int>(pretence().driver);
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
    *version = CUDA_VERSION;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* available, size_t* total) {
    const int64_t left = pretence().memory - pretence().used;
    *available = static_cast<size_t>(left < 0 ? 0 : left);
    *total = static_cast<size_t>(pretence().memory.load());
    return unbroken();
}

cudaError_t cudaMalloc(void** address, size_t bytes) {
    if (pretence().broken) return unbroken();
    const cudaError_t error = allocate(address, bytes);
    if (error != cudaSuccess || Allocations::instance().add(*address, bytes)) return error;
    std::free(*address);
    return fails(cudaErrorMemoryAllocation);
}

// giving memory back waits for the device, as CUDA does
cudaError_t cudaFree(void* address) {
    simt::Queue::finish_all();
    Allocations::instance().remove(address);
    std::free(address);
    return unbroken();
}

cudaError_t cudaHostAlloc(void** address, size_t bytes, unsigned) { return allocate(address, bytes); }

cudaError_t cudaFreeHost(void* address) {
    simt::Queue::finish_all();
    std::free(address);
    return unbroken();
}

cudaError_t cudaMemsetAsync(void* address, int value, size_t bytes, cudaStream_t stream) {
    return submit_late(stream, cudaErrorInvalidValue, [=, queue = before(stream)] {
        queue->finish();
        if (bytes > 0) std::memset(address, value, bytes);
        return std::string();
    });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    const auto copy = [=] {
        if (bytes > 0) std::memcpy(to, from, bytes);
    };
    if (stream == nullptr || kind == cudaMemcpyDeviceToDevice) {
        return submit_late(stream, cudaErrorInvalidValue, [copy, queue = before(stream)] {
            queue->finish();
            copy();
            return std::string();
        });
    }
    const auto transfer = [copy, queue = before(stream)] {
        if (pretence().late == 0) {
            queue->add(copy);
        } else {
            queue->finish();
            copy();
        }
        return std::string();
    };
    return pretence().late == 2 ? submit_late(stream, cudaErrorInvalidValue, transfer) : submit(stream, cudaErrorInvalidValue, transfer);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = new SimtStream();
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    stream->queue->finish();
    delete stream;
    return unbroken();
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    if (capture(stream) || (stream == nullptr && capturing > 0)) return fails(cudaErrorStreamCaptureUnsupported);
    if (stream) stream->queue->finish();
    return unbroken();
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    if (stream && event->capture && stream->capture == nullptr) {  // the stream joins the capture
        stream->capture = event->capture;
        stream->recorded = stream->joined = 0;
        event->capture->streams.push_back(stream);
        event->capture->queues.push_back(stream->queue);
    }
    if (event->capture && event->stream != stream) event->stream->joined = event->recorded;
    const auto wait = [mark = event->mark] {
        mark->wait();
        return std::string();
    };
    return pretence().late == 2 ? submit_late(stream, cudaErrorInvalidValue, wait) : submit(stream, cudaErrorInvalidValue, wait);
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
    event->stream = stream;
    event->mark = std::make_shared<simt::Mark>();
    event->time = std::chrono::steady_clock::now();
    const cudaError_t error = submit(stream, cudaErrorInvalidValue, [mark = event->mark, queue = before(stream)] {
        mark->queue = queue;
        mark->position = queue->position();
        return std::string();
    });
    if (event->capture) {
        event->capture->events.push_back(event);
        event->recorded = stream->recorded;
    }
    return error;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    if (event->capture) return fails(cudaErrorStreamCaptureUnsupported);
    event->mark->wait();
    return unbroken();
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
    *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    if (stream == nullptr || stream->capture) return fails(cudaErrorStreamCaptureUnsupported);
    stream->capture = new SimtGraph();
    stream->capture->streams.push_back(stream);
    stream->capture->queues.push_back(stream->queue);
    ++capturing;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    if (capture(stream) == nullptr || stream->capture->streams.front() != stream) return fails(cudaErrorStreamCaptureUnmatched);
    *graph = stream->capture;
    --capturing;
    bool joined = true;
    for (SimtStream* part : (*graph)->streams) {
        joined &= part == stream || part->joined == part->recorded;
        part->capture = nullptr;
    }
    for (SimtEvent* event : (*graph)->events) event->capture = nullptr;
    (*graph)->streams.clear();
    (*graph)->events.clear();
    if (joined) return cudaSuccess;
    delete *graph;
    *graph = nullptr;
    return fails(cudaErrorStreamCaptureUnjoined);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
    *executable = new SimtGraph(*graph);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    return submit_late(stream, cudaErrorLaunchFailure, [executable, queue = before(stream)] {
        queue->finish();
        std::string said;
        for (size_t i = 0; i < executable->actions.size() && said.empty(); ++i) said = executable->actions[i]();
        for (const auto& part : executable->queues) part->finish();
        return said;
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
