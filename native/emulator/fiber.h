// A CUDA thread of the emulator: a stack of its own that the scheduler enters and leaves. Knows AddressSanitizer (which must be told of
// stacks) and ThreadSanitizer (to which each is a thread, ordered by what the scheduler says alone).
#pragma once
#include <vector>

#include "simt.h"
#if !defined(__x86_64__)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define TSAN_ACQUIRE(p) __tsan_acquire(p)
#define TSAN_RELEASE(p) __tsan_release(p)
#else
#define TSAN_ACQUIRE(p) (void)(p)
#define TSAN_RELEASE(p) (void)(p)
#endif

namespace simt {
enum State : uint8_t { RUNS, AT_BLOCK, AT_WARP, DONE };

struct AsyncCopy {
    void* to;
    const void* from;
    int bytes, bytes_read, group;
};

struct Fiber {
    Place place;
    unsigned linear = 0;
    State state = DONE;
    const char* waits = "";
    Site site{"", 0};
    uint32_t mask = 0;
    int predicate = 0;
    uint64_t deposit[SLOT / 8];
    size_t words = 0;         // of the deposit
    char sync[2];             // ThreadSanitizer's marks of this thread's last two warp operations
    unsigned syncs = 0;       // warp operations so far: the lowest bit picks the mark
    unsigned barriers = 0;    // block barriers so far: likewise
    std::vector<AsyncCopy> copies;
    int groups = 0;           // cp.async groups committed

    /// Becomes ready to run entry, which must not return, from its beginning.
    void start(void (*entry)());
    /// Becomes what the calling thread is: its scheduler.
    void adopt();
    /// Gives the stack back.
    void release();

    // where it is when it does not run
    char* stack = nullptr;
    const void* bottom = nullptr;
    size_t size = 0;
#if defined(__x86_64__)
    void* sp = nullptr;
#else
    ucontext_t context;
#endif
    void* fake_stack = nullptr;
    void* tsan = nullptr;
};

/// The fiber that runs on this thread.
extern __thread Fiber* fiber;

/// Leaves from, which is the one that runs, and goes on where to is; returns when something jumps back.
void jump(Fiber* from, Fiber* to);
/// Must be the first thing that entry does.
void entered();
}  // namespace simt
