// The emulator's side of a kernel: CUDA's spelling as ordinary C++17.
//
// One block runs at a time on an OS thread; each of its CUDA threads is a fiber. __shared__ is a static thread_local, a barrier or a
// warp operation is a switch to the scheduler (scheduler.cc). What cannot be seen here: speed, bank conflicts, register limits, the
// memory model of devices, the last bits of the fast math functions.
#pragma once
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) __attribute__((aligned(n)))
#define __shared__ static thread_local
#define warpSize 32

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

// The scheduler itself is not looked at by ThreadSanitizer: only barriers order the fibers.
#if defined(__SANITIZE_THREAD__)
#define SIMT_RAW __attribute__((no_sanitize("thread"), noinline))
#else
#define SIMT_RAW
#endif

namespace simt {
constexpr unsigned WARP = 32;
constexpr size_t SLOT = 64;  // bytes a lane can give in one warp operation

/// Where a kernel's code is, for reports: default arguments take the caller's place.
struct Site {
    const char* file;
    int line;
};
#define SIMT_HERE const char *site_file = __builtin_FILE(), int site_line = __builtin_LINE()
#define SIMT_SITE ::simt::Site{site_file, site_line}

struct Place {  // what threadIdx and the others read
    dim3 thread, block, block_dim, grid_dim;
};
const Place& place();

void block_barrier(Site site);
/// Counts the threads of the block whose predicate holds, at a barrier.
int block_count(int predicate, Site site);
/// Every lane of mask gives as many words; returns once all have, after which slot() reads them until the next warp operation.
void warp_exchange(uint32_t mask, const uint64_t* words, size_t count, bool orders_memory, const char* what, Site site);
void read_slot(uint64_t* words, size_t count, unsigned lane);
unsigned lane();
uint32_t warp_lanes();
unsigned char* dynamic_smem();
size_t dynamic_smem_bytes();

/// cp.async: remembered, and done at the last moment that is legal, so that a missing wait shows.
void copy_async(void* shared, const void* global, int bytes, int bytes_read);
void copy_commit();
void copy_wait(int newest_left);

/// A copy of a launch's closure that the scheduler can call, and a graph can keep.
struct Body {
    void* closure;
    void (*call)(void*);
    void (*destroy)(void*);
};
/// A kernel that the program launches somewhere, an instance where it is a template: known before the program starts.
struct Instance {
    const char* signature;  // says "K = " and the name, with the template's arguments
    Instance* next;
    int number;
    std::atomic<bool> ran{false};

    explicit Instance(const char* signature_) : signature(signature_), next(all), number(all ? all->number + 1 : 1) { all = this; }
    static Instance* all;
};
template <auto K> const char* signature_of() { return __PRETTY_FUNCTION__; }
template <auto K> struct Known {
    static Instance instance;
};
template <auto K> Instance Known<K>::instance{signature_of<K>()};

struct Kernel {
    const char* name;
    Site site;
    dim3 grid, block;
    size_t smem;
    void* stream;
    Instance* instance;
};
/// Runs or, where the stream is being captured, records; takes the body over.
void launch(const Kernel& kernel, Body body);

/// Takes the arguments of a launch; they stay with the closure, as long as a graph may need them.
template <class F> struct Launcher {
    Kernel kernel;
    F function;

    template <class... A> void operator()(A... arguments) const {
        auto closure = [f = function, arguments...] { f(arguments...); };
        using Closure = decltype(closure);
        launch(kernel, Body{new Closure(closure), [](void* c) { (*static_cast<Closure*>(c))(); },
                            [](void* c) { delete static_cast<Closure*>(c); }});
    }
};
template <class F> Launcher<F> launcher(const Kernel& kernel, F function) { return {kernel, function}; }

template <class T> void exchange(uint32_t mask, T value, const char* what, Site site) {
    static_assert(sizeof(T) <= SLOT && std::is_trivially_copyable<T>::value, "a lane gives at most 64 plain bytes");
    uint64_t words[(sizeof(T) + 7) / 8] = {};
    std::memcpy(words, &value, sizeof(T));
    warp_exchange(mask, words, (sizeof(T) + 7) / 8, false, what, site);
}
template <class T> T slot(unsigned from) {
    uint64_t words[(sizeof(T) + 7) / 8];
    read_slot(words, (sizeof(T) + 7) / 8, from);
    T value;
    std::memcpy(&value, words, sizeof(T));
    return value;
}
}  // namespace simt

#define threadIdx (::simt::place().thread)
#define blockIdx (::simt::place().block)
#define blockDim (::simt::place().block_dim)
#define gridDim (::simt::place().grid_dim)

// ---- barriers and warp operations
inline void __syncthreads(SIMT_HERE) { simt::block_barrier(SIMT_SITE); }
inline int __syncthreads_count(int p, SIMT_HERE) { return simt::block_count(p, SIMT_SITE); }
inline int __syncthreads_or(int p, SIMT_HERE) { return simt::block_count(p, SIMT_SITE) > 0; }
inline int __syncthreads_and(int p, SIMT_HERE) { return simt::block_count(!p, SIMT_SITE) == 0; }
inline void __syncwarp(uint32_t mask = ~0u, SIMT_HERE) {
    simt::warp_exchange(mask, nullptr, 0, true, "__syncwarp", SIMT_SITE);
}
inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_block() { __threadfence(); }

template <class T> T __shfl_sync(uint32_t mask, T v, int source, int width = 32, SIMT_HERE) {
    simt::exchange(mask, v, "__shfl_sync", SIMT_SITE);
    const unsigned lane = simt::lane(), w = static_cast<unsigned>(width);
    return simt::slot<T>(lane / w * w + static_cast<unsigned>(source) % w);
}
template <class T> T __shfl_xor_sync(uint32_t mask, T v, int other, int width = 32, SIMT_HERE) {
    simt::exchange(mask, v, "__shfl_xor_sync", SIMT_SITE);
    const unsigned lane = simt::lane(), from = lane ^ static_cast<unsigned>(other), w = static_cast<unsigned>(width);
    return from / w > lane / w ? v : simt::slot<T>(from);
}
template <class T> T __shfl_down_sync(uint32_t mask, T v, unsigned by, int width = 32, SIMT_HERE) {
    simt::exchange(mask, v, "__shfl_down_sync", SIMT_SITE);
    const unsigned lane = simt::lane(), w = static_cast<unsigned>(width);
    return lane % w + by < w ? simt::slot<T>(lane + by) : v;
}
template <class T> T __shfl_up_sync(uint32_t mask, T v, unsigned by, int width = 32, SIMT_HERE) {
    simt::exchange(mask, v, "__shfl_up_sync", SIMT_SITE);
    const unsigned lane = simt::lane(), w = static_cast<unsigned>(width);
    return lane % w >= by ? simt::slot<T>(lane - by) : v;
}
inline uint32_t __ballot_sync(uint32_t mask, int p, SIMT_HERE) {
    simt::exchange(mask, static_cast<int>(p != 0), "__ballot_sync", SIMT_SITE);
    const uint32_t present = mask & simt::warp_lanes();
    uint32_t votes = 0;
    for (unsigned l = 0; l < simt::WARP; ++l) {
        if (present >> l & 1) votes |= static_cast<uint32_t>(simt::slot<int>(l)) << l;
    }
    return votes;
}
inline int __any_sync(uint32_t mask, int p, SIMT_HERE) { return __ballot_sync(mask, p, site_file, site_line) != 0; }
inline int __all_sync(uint32_t mask, int p, SIMT_HERE) { return __ballot_sync(mask, !p, site_file, site_line) == 0; }

// ---- atomics: they order nothing else, as on a device
template <class T, class F> T simt_update(T* p, F&& next) {
    T old, value;
    __atomic_load(p, &old, __ATOMIC_RELAXED);
    do {
        value = next(old);
    } while (!__atomic_compare_exchange(p, &old, &value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return old;
}
template <class T> T atomicAdd(T* p, T v) { return simt_update(p, [v](T old) { return static_cast<T>(old + v); }); }
template <class T> T atomicMax(T* p, T v) { return simt_update(p, [v](T old) { return old > v ? old : v; }); }
template <class T> T atomicMin(T* p, T v) { return simt_update(p, [v](T old) { return old < v ? old : v; }); }
template <class T> T atomicExch(T* p, T v) { return simt_update(p, [v](T) { return v; }); }
template <class T> T atomicOr(T* p, T v) { return simt_update(p, [v](T old) { return static_cast<T>(old | v); }); }
template <class T> T atomicCAS(T* p, T expected, T v) {
    return simt_update(p, [expected, v](T old) { return old == expected ? v : old; });
}

// ---- arithmetic that CUDA has and the C library has not
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float rsqrtf(float x) { return 1.f / std::sqrt(x); }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline float __frcp_rn(float a) { return 1.f / a; }
inline uint32_t __umulhi(uint32_t a, uint32_t b) { return static_cast<uint32_t>((static_cast<uint64_t>(a) * b) >> 32); }
inline int __popc(uint32_t x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
template <class To, class From> To simt_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "");
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}
inline uint32_t __float_as_uint(float x) { return simt_bits<uint32_t>(x); }
inline int __float_as_int(float x) { return simt_bits<int>(x); }
inline float __uint_as_float(uint32_t x) { return simt_bits<float>(x); }
inline float __int_as_float(int x) { return simt_bits<float>(x); }
template <class T> T __ldg(const T* p) { return *p; }
template <class T> constexpr T min(T a, T b) { return b < a ? b : a; }
template <class T> constexpr T max(T a, T b) { return a < b ? b : a; }

// ---- CUDA's vectors
#define SIMT_VECTORS(T, NAME)                                                                                                      \
    struct __align__(2 * sizeof(T)) NAME##2 { T x, y; };                                                                           \
    struct __align__(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) NAME##4 { T x, y, z, w; };                                           \
    inline NAME##2 make_##NAME##2(T x, T y) { return {x, y}; }                                                                     \
    inline NAME##4 make_##NAME##4(T x, T y, T z, T w) { return {x, y, z, w}; }
SIMT_VECTORS(float, float)
SIMT_VECTORS(int, int)
SIMT_VECTORS(unsigned, uint)
SIMT_VECTORS(unsigned short, ushort)
SIMT_VECTORS(unsigned char, uchar)
#undef SIMT_VECTORS
