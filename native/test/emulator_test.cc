// What the emulator promises: barriers and warp operations, tensor cores and asynchronous copies in software, and reports of what no device
// would forgive. Each check prints a line where it fails.
#include <cstdio>
#include <string>
#include <vector>

#include "../runtime/kernel.h"
#include "../runtime/ptx.h"
#include "../runtime/warp.h"

namespace {
int failures = 0;

void expect(bool condition, const std::string& what) {
    if (!condition) {
        std::printf("FAILED: %s\n", what.c_str());
        ++failures;
    }
}

/// Launches, and gives what the emulator has to say.
#define REPORT_OF(...) ((void)kn::launched("before"), LAUNCH(__VA_ARGS__), kn::launched("test") == KN_OK ? std::string() : std::string(kn_last_error()))

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

__global__ void reverse_block(int* y) {
    int* shared = reinterpret_cast<int*>(kn::dynamic_shared());
    shared[threadIdx.x] = static_cast<int>(threadIdx.x);
    __syncthreads();
    y[blockIdx.x * blockDim.x + threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

__global__ void sums(float* y) {
    __shared__ float scratch[4];
    const float all = kn::block_reduce<kn::Sum, 128>(static_cast<float>(threadIdx.x), scratch);
    const float most = kn::block_reduce<kn::Maximum, 128>(static_cast<float>(threadIdx.x % 77), scratch);
    y[threadIdx.x] = all + 10000 * most;
}

// half of the lanes do one operation more, so that counts of operations differ between lanes
__global__ void uneven(unsigned* y) {
    const unsigned lane = threadIdx.x % 32;
    unsigned v = lane;
    if (lane < 16) v = __shfl_xor_sync(0xFFFFu, v, 1);
    v = __shfl_down_sync(kn::ALL_LANES, v, 3) * 100 + __shfl_up_sync(kn::ALL_LANES, v, 2);
    const unsigned votes = __ballot_sync(kn::ALL_LANES, lane % 3 == 0);
    y[threadIdx.x] = v + votes % 7;
}

__global__ void unwritten(float* y) { y[threadIdx.x] = reinterpret_cast<float*>(kn::dynamic_shared())[threadIdx.x]; }

__global__ void half_at_barrier() {
    if (threadIdx.x < 32) __syncthreads();
    if (threadIdx.x >= 32) __shfl_sync(kn::ALL_LANES, 1, 0);
    if (threadIdx.x == 40) __syncthreads();
    if (threadIdx.x > 40) __syncwarp();
}

__global__ void outside_mask() { __shfl_sync(0x1u, 1, 0); }

__global__ void product(float* c, const kn::bf16* a, const kn::bf16* b) {
    kn::bf16* tile = reinterpret_cast<kn::bf16*>(kn::dynamic_shared());  // a 16x16, then b 16x8, both by rows
    const unsigned lane = threadIdx.x;
    kn::copy_async_16(tile + lane * 8, a + lane * 8);
    if (lane < 16) kn::copy_async_16(tile + 256 + lane * 8, b + lane * 8);
    kn::copy_async_commit();
    kn::copy_async_wait<0>();
    __syncwarp();
    uint32_t left[4], right[2];
    kn::ldmatrix_x4(left, tile + lane % 16 * 16 + lane / 16 * 8);
    kn::ldmatrix_x2_transposed(right, tile + 256 + lane % 16 * 8);
    float d[4] = {0, 0, 0, 0};
    kn::mma_bf16(d, left, right);
    const unsigned g = lane / 4, t = lane % 4;
    for (unsigned i = 0; i < 4; ++i) c[(g + i / 2 * 8) * 8 + t * 2 + i % 2] = d[i];
}

__global__ void copy_without_wait(float* y, const float* x) {
    float* shared = reinterpret_cast<float*>(kn::dynamic_shared());
    kn::copy_async_4(shared + threadIdx.x, x + threadIdx.x);
    kn::copy_async_commit();
    y[threadIdx.x] = shared[threadIdx.x];
}

__global__ void copy_to_the_end(float* y, const float* x) {
    kn::copy_async_4(y + threadIdx.x, x + threadIdx.x);
    y[threadIdx.x] = 7.f;
}

__global__ void count(unsigned* counter) { atomicAdd(counter, 1u); }

void barriers() {
    std::vector<int> y(3 * 100);
    expect(REPORT_OF(reverse_block, 3, 100, 400, nullptr, y.data()).empty(), "a barrier works");
    for (int i = 0; i < 300; ++i) expect(y[i] == 99 - i % 100, "reversed " + std::to_string(i));
    std::vector<float> z(128);
    expect(REPORT_OF(sums, 1, 128, 0, nullptr, z.data()).empty(), "reductions work");
    for (float v : z) expect(v == 8128 + 10000 * 76, "sum " + std::to_string(v));
}

void warps() {
    std::vector<unsigned> y(64);
    expect(REPORT_OF(uneven, 1, 64, 0, nullptr, y.data()).empty(), "warp operations work");
    const auto swapped = [](unsigned l) { return l < 16 ? l ^ 1 : l; };
    unsigned votes = 0;
    for (unsigned l = 0; l < 32; l += 3) votes |= 1u << l;
    for (unsigned i = 0; i < 64; ++i) {
        const unsigned l = i % 32;
        const unsigned expected = swapped(l + 3 < 32 ? l + 3 : l) * 100 + swapped(l >= 2 ? l - 2 : l) + votes % 7;
        expect(y[i] == expected, "lane " + std::to_string(i));
    }
}

void reports() {
    std::vector<float> y(64);
    expect(REPORT_OF(unwritten, 1, 64, 256, nullptr, y.data()).empty() && y[5] != y[5], "shared memory starts as NaN");
    const std::string deadlock = REPORT_OF(half_at_barrier, 1, 64, 0, nullptr);
    expect(has(deadlock, "half_at_barrier (emulator_test.cc:") && has(deadlock, "deadlock: thread (0, 0, 0) waits in __syncthreads at emulator_test.cc:"),
           deadlock);
    expect(has(deadlock, "thread (40, 0, 0)"), deadlock);
    const std::string mask = REPORT_OF(outside_mask, 1, 32, 0, nullptr);
    expect(has(mask, "thread (1, 0, 0) takes part in __shfl_sync") && has(mask, "mask 00000001"), mask);
    const std::string shape = REPORT_OF(unwritten, 1, 1025, 0, nullptr, y.data());
    expect(has(shape, "unwritten (emulator_test.cc:") && has(shape, "blocks (1025, 1, 1)"), shape);
    expect(has(REPORT_OF(unwritten, 1, 32, 300000, nullptr, y.data()), "300000 bytes of dynamic shared memory"), "too much shared memory");
    expect(REPORT_OF(unwritten, 1, 32, 128, nullptr, y.data()).empty(), "a launch after a failed one works");
}

void tensor_cores() {
    std::vector<kn::bf16> a(256), b(128);
    for (int i = 0; i < 256; ++i) a[i] = kn::to_bf16(static_cast<float>(i * 7 % 23 - 11));
    for (int i = 0; i < 128; ++i) b[i] = kn::to_bf16(static_cast<float>(i * 5 % 19 - 9));
    std::vector<float> c(128);
    // vectors are aligned to 16 bytes, as copies of 16 bytes want
    expect(REPORT_OF(product, 1, 32, 768, nullptr, c.data(), a.data(), b.data()).empty(), "tensor cores work");
    for (int m = 0; m < 16; ++m) {
        for (int n = 0; n < 8; ++n) {
            float sum = 0;
            for (int k = 0; k < 16; ++k) sum += kn::to_float(a[m * 16 + k]) * kn::to_float(b[k * 8 + n]);
            expect(c[m * 8 + n] == sum, "element " + std::to_string(m) + ", " + std::to_string(n));
        }
    }
    std::vector<float> x(32, 1.f), y(32);
    expect(REPORT_OF(copy_without_wait, 1, 32, 128, nullptr, y.data(), x.data()).empty() && y[3] != y[3], "a missing wait shows");
    expect(REPORT_OF(copy_to_the_end, 1, 32, 0, nullptr, y.data(), x.data()).empty() && y[3] == x[3], "what nobody waits for comes at last");
}

void graphs() {
    unsigned counter = 0;
    const kn_handle stream = kn_stream_create();
    expect(kn_graph_begin(stream) == KN_OK, "begin");
    LAUNCH(count, 4, 32, 0, kn::stream_of(stream), &counter);
    expect(counter == 0, "what is captured is not done");
    expect(kn_stream_synchronize(stream) != KN_OK, "a stream that is being captured cannot be waited for");
    expect(kn_device_synchronize() != KN_OK, "nor can the device, meanwhile");
    unsigned set = 0;
    expect(kn_memory_set(reinterpret_cast<uintptr_t>(&set), 1, 4, 0) != KN_OK && set == 0, "nor is the default stream to be used");
    const kn_handle other = kn_stream_create();
    expect(kn_memory_set(reinterpret_cast<uintptr_t>(&set), 1, 4, other) == KN_OK && set != 0, "another stream is free");
    expect(kn_stream_synchronize(other) == KN_OK && kn_stream_destroy(other) == KN_OK, "and can be waited for");
    const kn_handle graph = kn_graph_end(stream);
    expect(graph != 0, "end");
    for (int i = 0; i < 3; ++i) expect(kn_graph_launch(graph, stream) == KN_OK, "launch");
    expect(counter == 3 * 4 * 32, "counted " + std::to_string(counter));
    expect(kn_graph_destroy(graph) == KN_OK && kn_stream_destroy(stream) == KN_OK, "destroy");
    expect(kn_live_objects() == 0, "objects left");
}

__global__ void add_one(float* y, const float* x) { y[threadIdx.x] = x[threadIdx.x] + 1.f; }

/// y = x + 1 after x = host on another stream, with or without the wait for the copy, and with or without the one that ends the capture.
void streams() {
    std::vector<float> host(32, 5.f), x(32), y(32);
    const auto at = [](std::vector<float>& v) { return reinterpret_cast<uintptr_t>(v.data()); };
    const kn_handle copies = kn_stream_create(), work = kn_stream_create(), begun = kn_event_create(), came = kn_event_create();
    const auto put = [&](bool waits, bool joins) {
        kn_event_record(begun, work);
        kn_stream_wait(copies, begun);
        kn_copy_to_device(at(x), at(host), 128, copies);
        kn_event_record(came, copies);
        kn_copy_to_device(at(x), at(host), 4, copies);  // so that the event is not the end of the stream
        if (waits) kn_stream_wait(work, came);
        LAUNCH(add_one, 1, 32, 0, kn::stream_of(work), y.data(), x.data());
        if (joins) kn_event_record(begun, copies);
        if (joins) kn_stream_wait(work, begun);
    };
    put(false, false);
    expect(y[7] == 1.f, "a kernel that does not wait does not see the copy: " + std::to_string(y[7]));
    kn_stream_synchronize(copies);
    expect(x[7] == 5.f, "waiting for the stream does the copy");
    host.assign(32, 6.f);
    put(true, false);
    expect(y[7] == 7.f, "a kernel that waits sees the copy: " + std::to_string(y[7]));
    kn_device_synchronize();

    kn_graph_begin(work);
    put(true, true);
    const kn_handle graph = kn_graph_end(work);
    host.assign(32, 8.f);
    for (int i = 0; i < 2; ++i) expect(graph != 0 && kn_graph_launch(graph, work) == KN_OK && y[7] == 9.f, "a graph of two streams");
    kn_graph_begin(work);
    put(true, false);
    expect(kn_graph_end(work) == 0 && has(kn_last_error(), "unjoined"), "a stream that a capture leaves behind");
    kn_graph_begin(work);
    put(false, true);
    const kn_handle loose = kn_graph_end(work);
    host.assign(32, 3.f);
    expect(loose != 0 && kn_graph_launch(loose, work) == KN_OK && y[7] == 9.f, "a graph without the wait: " + std::to_string(y[7]));
    for (kn_handle g : {graph, loose}) kn_graph_destroy(g);
    for (kn_handle s : {copies, work}) kn_stream_destroy(s);
    for (kn_handle e : {begun, came}) kn_event_destroy(e);
    expect(kn_live_objects() == 0, "objects left");
}

/// x = host after y = x + 1, where kernels come late and copies early, with or without the wait for the kernel.
void late_kernels() {
    std::vector<float> host(32, 6.f), x(32, 5.f), y(32), z(32);
    const auto at = [](std::vector<float>& v) { return reinterpret_cast<uintptr_t>(v.data()); };
    const kn_handle copies = kn_stream_create(), work = kn_stream_create(), read = kn_event_create();
    kn_emulate(KN_EMULATED_LATE, 1);
    const auto put = [&](bool waits) {
        LAUNCH(add_one, 1, 32, 0, kn::stream_of(work), y.data(), x.data());
        kn_event_record(read, work);
        kn_copy(at(z), at(y), 128, work);
        if (waits) kn_stream_wait(copies, read);
        kn_copy_to_device(at(x), at(host), 128, copies);
    };
    put(false);
    expect(x[7] == 6.f && y[7] == 0.f, "the copy is early, the kernel late");
    kn_stream_synchronize(work);
    expect(y[7] == 7.f && z[7] == 7.f, "a copy that does not wait is before the kernel: " + std::to_string(y[7]));
    host.assign(32, 9.f);
    put(true);
    expect(y[7] == 7.f && x[7] == 9.f, "a copy that waits is after it: " + std::to_string(y[7]));
    z[7] = 0.f;
    kn_device_synchronize();
    expect(z[7] == 7.f, "waiting for the device does what is left");
    put(true);
    kn_copy_to_host(at(host), at(z), 128, work);
    expect(host[7] == 10.f, "a copy comes after what its stream has to do before: " + std::to_string(host[7]));

    kn_graph_begin(work);
    put(true);
    kn_event_record(read, copies);
    kn_stream_wait(work, read);
    const kn_handle graph = kn_graph_end(work);
    x.assign(32, 1.f);
    expect(graph != 0 && kn_graph_launch(graph, work) == KN_OK && x[7] == 1.f, "a graph is late, too");
    kn_stream_synchronize(work);
    expect(y[7] == 2.f && x[7] == 10.f, "and done in order: " + std::to_string(y[7]));
    kn_emulate(KN_EMULATED_LATE, 2);
    host.assign(32, 3.f);
    x.assign(32, 1.f);
    kn_copy_to_device(at(x), at(host), 128, copies);
    kn_event_record(read, copies);
    kn_stream_wait(work, read);
    LAUNCH(add_one, 1, 32, 0, kn::stream_of(work), y.data(), x.data());
    host.assign(32, 4.f);
    expect(x[7] == 1.f && y[7] == 2.f, "nothing is done before somebody waits");
    kn_stream_synchronize(work);
    expect(x[7] == 4.f && y[7] == 5.f, "the copy reads what the host has by then: " + std::to_string(y[7]));
    kn_emulate(KN_EMULATED_LATE, 0);
    kn_graph_destroy(graph);
    for (kn_handle s : {copies, work}) kn_stream_destroy(s);
    kn_event_destroy(read);
    expect(kn_live_objects() == 0, "objects left");
}

/// What the device is told to pretend.
void pretences() {
    std::vector<float> y(64);
    kn_emulate(KN_EMULATED_REFUSAL, 1);
    expect(REPORT_OF(unwritten, 1, 32, 128, nullptr, y.data()).empty(), "the one before the refused launch");
    expect(has(REPORT_OF(unwritten, 1, 32, 128, nullptr, y.data()), "unwritten (emulator_test.cc:"), "a refused launch names the kernel");
    expect(REPORT_OF(unwritten, 1, 32, 128, nullptr, y.data()).empty(), "the one after it");
    kn_emulate(KN_EMULATED_FAULT, 0);
    expect(REPORT_OF(unwritten, 1, 32, 128, nullptr, y.data()).empty(), "a launch does not know of its fault");
    expect(kn_device_synchronize() != KN_OK && has(kn_last_error(), "illegal memory access"), "who waits for it does");
    kn_emulate(KN_EMULATED_FAULT, -1);
    expect(kn_device_synchronize() == KN_OK, "all works again");
    const int64_t free = kn_device_property(0, KN_MEMORY_FREE), total = kn_device_property(0, KN_MEMORY_TOTAL);
    kn_emulate(KN_EMULATED_MEMORY, total - free + 100);
    expect(kn_memory_allocate(101) == 0 && has(kn_last_error(), "out of memory"), "memory runs out");
    const kn_dptr all = kn_memory_allocate(100);
    expect(all != 0 && kn_device_property(0, KN_MEMORY_FREE) == 0, "all memory is taken");
    kn_memory_free(all);
    kn_emulate(KN_EMULATED_MEMORY, total);
    kn_emulate(KN_EMULATED_SHARED, 127);
    expect(has(REPORT_OF(unwritten, 1, 32, 128, nullptr, y.data()), "128 bytes of dynamic shared memory"), "a block asks for too much");
    kn_emulate(KN_EMULATED_SHARED, 163 * 1024);
    expect(kn_emulate(-1, 0) == KN_INVALID_ARGUMENT, "there is nothing -1");
}

void many_blocks() {
    unsigned counter = 0;
    expect(REPORT_OF(count, dim3(64, 3, 2), dim3(16, 4, 4), 0, nullptr, &counter).empty(), "many blocks");
    expect(counter == 64 * 3 * 2 * 256, "counted " + std::to_string(counter));
}
}  // namespace

int main() {
    barriers();
    warps();
    reports();
    tensor_cores();
    graphs();
    streams();
    late_kernels();
    pretences();
    many_blocks();
    std::printf("%d failed\n", failures);
    return failures == 0 ? 0 : 1;
}
