// The emulator's scheduler: runs the threads of a block as fibers, opens barriers when all who must have come, reports who waits for
// nobody. Knows AddressSanitizer (which must be told of stacks) and ThreadSanitizer (each CUDA thread is a thread of its own to it, ordered
// by barriers alone, so that a missing one is a reported race).
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include "block.h"
#if !defined(__x86_64__)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
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
namespace {
constexpr size_t GUARD = 4096;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t STACK = 512 * 1024;
#else
constexpr size_t STACK = 128 * 1024;
#endif
constexpr size_t MAX_SMEM = 227 * 1024;  // of sm_90
constexpr unsigned MAX_THREADS = 1024;

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
    char sync[2];             // ThreadSanitizer's marks of this thread's last two warp operations
    unsigned syncs = 0;       // warp operations so far: the lowest bit picks the mark
    unsigned barriers = 0;    // block barriers so far: likewise
    std::vector<AsyncCopy> copies;
    int groups = 0;           // cp.async groups committed
    char* stack = nullptr;
#if defined(__x86_64__)
    void* sp = nullptr;
#else
    ucontext_t context;
#endif
    void* fake_stack = nullptr;
    void* tsan = nullptr;
};

struct Warp {
    uint64_t open[WARP][SLOT / 8];  // what the lanes gave in the operation that was opened last
    unsigned char mark[WARP];
};

struct Block {
    Fiber* fibers = nullptr;
    std::vector<Warp> warps;
    unsigned threads = 0, capacity = 0;
    const Body* body = nullptr;
    const Kernel* kernel = nullptr;
    std::string report;
    unsigned char* smem = nullptr;
    size_t smem_bytes = 0;
    Fiber main;
    const void* main_stack = nullptr;
    size_t main_size = 0;
    char started = 0, finished = 0, barrier[2] = {};
    int counted = 0;

    ~Block() {
        release();
        std::free(smem);
    }
    void release();
    void reserve(unsigned want);
    void share(size_t bytes);
};

__thread Fiber* fiber = nullptr;
__thread Block* block = nullptr;

SIMT_RAW void Block::release() {
    for (unsigned i = 0; i < capacity; ++i) {
        if (fibers[i].stack) munmap(fibers[i].stack, STACK);
#if defined(__SANITIZE_THREAD__)
        if (fibers[i].tsan) __tsan_destroy_fiber(fibers[i].tsan);
#endif
    }
    delete[] fibers;
    fibers = nullptr;
    capacity = 0;
}

SIMT_RAW void Block::reserve(unsigned want) {
    if (want > capacity) {
        release();
        fibers = new Fiber[want];
        warps.resize((want + WARP - 1) / WARP);
        capacity = want;
    }
}

/// Shared memory of exactly this size, so that AddressSanitizer sees what lies beyond; as aligned as TMA wants it.
SIMT_RAW void Block::share(size_t bytes) {
    if (smem == nullptr || bytes != smem_bytes) {
        std::free(smem);
        void* memory = nullptr;
        if (posix_memalign(&memory, 1024, bytes == 0 ? 1 : bytes) != 0) std::abort();
        smem = static_cast<unsigned char*>(memory);
        smem_bytes = bytes;
    }
}

#if defined(__x86_64__)
extern "C" void kinema_simt_switch(void** save, void* load);
__asm__(R"(
.text
.local kinema_simt_switch
.type kinema_simt_switch,@function
kinema_simt_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size kinema_simt_switch,.-kinema_simt_switch
)");
#endif

SIMT_RAW void entered(Fiber* f) {
#if defined(__SANITIZE_ADDRESS__)
    const void* bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(f->fake_stack, &bottom, &size);
    if (block->main_stack == nullptr) {
        block->main_stack = bottom;
        block->main_size = size;
    }
#else
    (void)f;
#endif
}

SIMT_RAW void jump(Fiber* from, Fiber* to) {
#if defined(__SANITIZE_ADDRESS__)
    const bool ends = from->state == DONE && from != &block->main;
    __sanitizer_start_switch_fiber(ends ? nullptr : &from->fake_stack, to == &block->main ? block->main_stack : to->stack,
                                   to == &block->main ? block->main_size : STACK);
#endif
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(to->tsan, 1);  // 1: the switch itself orders nothing
#endif
    fiber = to;
#if defined(__x86_64__)
    kinema_simt_switch(&from->sp, to->sp);
#else
    swapcontext(&from->context, &to->context);
#endif
    entered(from);
}

SIMT_RAW void to_scheduler() { jump(fiber, &block->main); }

std::string format(const char* text, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char* text, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, text);
    vsnprintf(line, sizeof line, text, arguments);
    va_end(arguments);
    return line;
}

const char* tail(const char* path) {
    const char* slash = std::strrchr(path, '/');
    return slash ? slash + 1 : path;
}

std::string dims(const dim3& d) { return format("(%u, %u, %u)", d.x, d.y, d.z); }

std::string who(const Fiber& f) { return "thread " + dims(f.place.thread); }

std::string where(const Fiber& f) { return format("%s at %s:%d", f.waits, tail(f.site.file), f.site.line); }

/// Ends the block with a report; the threads stay where they are, as nothing of theirs needs an end.
SIMT_RAW void fail(const std::string& what) {
    if (block->report.empty()) {
        block->report = named(*block->kernel) + ", block " + dims(block->fibers[0].place.block) + ": " + what;
    }
    if (fiber != &block->main) {
        to_scheduler();
        std::abort();  // a block that failed is never resumed
    }
}

SIMT_RAW void fiber_main() {
    entered(fiber);
    TSAN_ACQUIRE(&block->started);
    block->body->call(block->body->closure);
    fiber->state = DONE;
    TSAN_RELEASE(&block->finished);
    to_scheduler();
    std::abort();
}

SIMT_RAW void start(Fiber& f) {
    if (f.stack == nullptr) {
        void* memory = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        mprotect(memory, GUARD, PROT_NONE);
        f.stack = static_cast<char*>(memory);
    }
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(f.stack + GUARD, STACK - GUARD);
#endif
#if defined(__SANITIZE_THREAD__)
    if (f.tsan == nullptr) f.tsan = __tsan_create_fiber(0);
#endif
    f.state = RUNS;
    f.fake_stack = nullptr;
    f.copies.clear();
    f.groups = 0;
    f.syncs = f.barriers = 0;
#if defined(__x86_64__)
    void** top = reinterpret_cast<void**>(f.stack + STACK);
    *--top = nullptr;  // the stack is 16-byte aligned at the call that ret makes
    *--top = reinterpret_cast<void*>(&fiber_main);
    for (int i = 0; i < 6; ++i) *--top = nullptr;
    f.sp = top;
#else
    getcontext(&f.context);
    f.context.uc_stack.ss_sp = f.stack;
    f.context.uc_stack.ss_size = STACK;
    f.context.uc_link = nullptr;
    makecontext(&f.context, fiber_main, 0);
#endif
}

uint32_t lanes_of(const Block& b, unsigned first) {
    const unsigned n = std::min(WARP, b.threads - first);
    return n == WARP ? ~0u : (1u << n) - 1;
}

/// Opens the warp operations whose lanes have all come; whether there was one.
SIMT_RAW bool open_warp(Block& b, unsigned first) {
    const uint32_t present = lanes_of(b, first);
    uint32_t waiting = 0;
    for (unsigned l = 0; l < WARP && first + l < b.threads; ++l) {
        waiting |= static_cast<uint32_t>(b.fibers[first + l].state == AT_WARP) << l;
    }
    bool opened = false;
    for (unsigned l = 0; l < WARP; ++l) {
        if (!(waiting >> l & 1)) continue;
        const Fiber& f = b.fibers[first + l];
        const uint32_t need = f.mask & present;
        if ((waiting & need) != need) continue;
        for (unsigned m = 0; m < WARP; ++m) {
            if (!(need >> m & 1)) continue;
            Fiber& other = b.fibers[first + m];
            if (other.mask != f.mask || other.waits != f.waits) {
                fail(who(f) + " is in " + where(f) + format(" with mask %08x, and ", f.mask) + who(other) + " in " + where(other)
                     + format(" with mask %08x: lanes that meet must be in one operation with one mask", other.mask));
                return false;
            }
            other.state = RUNS;
            Warp& warp = b.warps[first / WARP];
            warp.mark[m] = other.syncs & 1;
            for (size_t i = 0; i < SLOT / 8; ++i) warp.open[m][i] = other.deposit[i];
        }
        waiting &= ~need;
        opened = true;
    }
    return opened;
}

std::string deadlock(const Block& b) {
    const Fiber* first = nullptr;
    for (unsigned t = 0; t < b.threads; ++t) {
        const Fiber& f = b.fibers[t];
        if (f.state == DONE) continue;
        if (first == nullptr) {
            first = &f;
        } else if (f.state != first->state || f.site.line != first->site.line) {
            return "deadlock: " + who(*first) + " waits in " + where(*first) + ", " + who(f) + " in " + where(f);
        }
    }
    return "deadlock: " + who(*first) + " waits in " + where(*first) + " for lanes that have ended";
}

/// Runs the threads of one warp for as long as they only meet each other; how many came to their end, and whether anything moved.
SIMT_RAW unsigned run_warp(Block& b, unsigned first, bool* moved) {
    unsigned done = 0;
    for (bool again = true; again;) {
        for (unsigned t = first; t < std::min(first + WARP, b.threads); ++t) {
            if (b.fibers[t].state != RUNS) continue;
            jump(&b.main, &b.fibers[t]);
            *moved = true;
            done += b.fibers[t].state == DONE;
            if (!b.report.empty()) return done;
        }
        again = open_warp(b, first);
        *moved |= again;
    }
    return done;
}

SIMT_RAW void run_block(Block& b) {
    block = &b;
    fiber = &b.main;
    b.main.state = RUNS;
#if defined(__SANITIZE_THREAD__)
    b.main.tsan = __tsan_get_current_fiber();
#endif
    TSAN_RELEASE(&b.started);
    for (unsigned t = 0; t < b.threads; ++t) start(b.fibers[t]);
    unsigned done = 0;
    while (done < b.threads && b.report.empty()) {
        bool moved = false;
        for (unsigned w = 0; w < b.threads && b.report.empty(); w += WARP) done += run_warp(b, w, &moved);
        unsigned waiting = 0;
        int counted = 0;
        for (unsigned t = 0; t < b.threads; ++t) {
            waiting += b.fibers[t].state == AT_BLOCK;
            counted += b.fibers[t].state == AT_BLOCK && b.fibers[t].predicate;
        }
        if (waiting > 0 && done + waiting == b.threads) {  // threads that have ended count as arrived
            b.counted = counted;
            for (unsigned t = 0; t < b.threads; ++t) {
                if (b.fibers[t].state == AT_BLOCK) b.fibers[t].state = RUNS;
            }
        } else if (!moved && done < b.threads && b.report.empty()) {
            fail(deadlock(b));
        }
    }
    TSAN_ACQUIRE(&b.finished);
    block = nullptr;
    fiber = nullptr;
}

/// One launch, whose blocks several OS threads take in turn.
struct Grid {
    const Kernel& kernel;
    const Body& body;
    uint64_t blocks;
    std::atomic<uint64_t> next{0};
    std::mutex lock{};
    std::string report{};

    SIMT_RAW void work();
};

SIMT_RAW void Grid::work() {
    static thread_local Block b;  // its stacks serve launch after launch
    const dim3& size = kernel.block;
    b.threads = size.x * size.y * size.z;
    b.reserve(b.threads);
    b.share(kernel.smem);
    b.body = &body;
    b.kernel = &kernel;
    for (uint64_t i; (i = next.fetch_add(1)) < blocks;) {
        const dim3 at(static_cast<unsigned>(i % kernel.grid.x), static_cast<unsigned>(i / kernel.grid.x % kernel.grid.y),
                      static_cast<unsigned>(i / (static_cast<uint64_t>(kernel.grid.x) * kernel.grid.y)));
        for (unsigned t = 0; t < b.threads; ++t) {
            b.fibers[t].linear = t;
            b.fibers[t].place = Place{dim3(t % size.x, t / size.x % size.y, t / (size.x * size.y)), at, size, kernel.grid};
        }
        std::memset(b.smem, 0xFF, b.smem_bytes);  // NaN: what is read before it is written shows
        b.report.clear();
        run_block(b);
        if (!b.report.empty()) {
            std::lock_guard<std::mutex> guard(lock);
            if (report.empty()) report = b.report;
            next = blocks;
        }
    }
}

/// OS threads that help with launches of many threads. Never ended: a library may be unloaded by a process that ends.
class Pool {
  public:
    static Pool& instance() {
        static Pool* pool = new Pool();
        return *pool;
    }

    void run(Grid& grid) {
        const uint64_t threads = grid.blocks * grid.kernel.block.x * grid.kernel.block.y * grid.kernel.block.z;
        std::unique_lock<std::mutex> alone(one_at_a_time, std::try_to_lock);
        if (!alone.owns_lock() || workers == 0 || (threads < MANY && !always)) {
            grid.work();
            return;
        }
        {
            std::lock_guard<std::mutex> guard(lock);
            current = &grid;
            ++generation;
            busy = workers;
        }
        wake.notify_all();
        grid.work();
        std::unique_lock<std::mutex> guard(lock);
        idle.wait(guard, [this] { return busy == 0; });
        current = nullptr;
    }

  private:
    static constexpr uint64_t MANY = 1 << 15;  // below it a launch is over before a thread wakes
    int workers = 0;
    bool always = false;
    std::mutex one_at_a_time, lock;
    std::condition_variable wake, idle;
    Grid* current = nullptr;
    uint64_t generation = 0;
    int busy = 0;

    Pool() {
        const char* set = std::getenv("KINEMA_EMULATOR_THREADS");
        const int threads = set ? std::atoi(set) : static_cast<int>(std::min(4u, std::thread::hardware_concurrency()));
        always = set != nullptr;
        workers = std::max(1, threads) - 1;
        for (int i = 0; i < workers; ++i) std::thread([this] { serve(); }).detach();
    }

    void serve() {
        for (uint64_t seen = 0;;) {
            std::unique_lock<std::mutex> guard(lock);
            wake.wait(guard, [&] { return generation != seen; });
            seen = generation;
            Grid* grid = current;
            guard.unlock();
            grid->work();
            guard.lock();
            if (--busy == 0) idle.notify_all();
        }
    }
};
}  // namespace

std::string named(const Kernel& kernel) {
    const char* name = kernel.name;
    std::string text(name[0] == '(' ? std::string(name + 1, std::strlen(name) - 2) : name);
    return text + format(" (%s:%d)", tail(kernel.site.file), kernel.site.line);
}

std::string refusal(const Kernel& k) {
    const uint64_t threads = static_cast<uint64_t>(k.block.x) * k.block.y * k.block.z;
    const bool empty = k.grid.x == 0 || k.grid.y == 0 || k.grid.z == 0 || threads == 0;
    if (!empty && threads <= MAX_THREADS && k.block.z <= 64 && k.grid.x <= 0x7FFFFFFFu && k.grid.y <= 65535 && k.grid.z <= 65535
        && k.smem <= MAX_SMEM) {
        return "";
    }
    return named(k) + ": no device takes a grid " + dims(k.grid) + " of blocks " + dims(k.block)
        + format(" with %zu bytes of dynamic shared memory", k.smem);
}

std::string run_grid(const Kernel& kernel, const Body& body) {
    if (block != nullptr) return named(kernel) + ": a kernel cannot launch another";
    Grid grid{kernel, body, static_cast<uint64_t>(kernel.grid.x) * kernel.grid.y * kernel.grid.z};
    Pool::instance().run(grid);
    return grid.report;
}

const Place& place() { return fiber->place; }
unsigned lane() { return fiber->linear % WARP; }
uint32_t warp_lanes() { return lanes_of(*block, fiber->linear / WARP * WARP); }
unsigned char* dynamic_smem() { return block->smem; }
size_t dynamic_smem_bytes() { return block->smem_bytes; }

SIMT_RAW int block_count(int predicate, Site site) {
    Fiber* self = fiber;
    char* mark = &block->barrier[self->barriers++ & 1];  // two: who is late must not be ordered after who is ahead
    TSAN_RELEASE(mark);
    self->predicate = predicate;
    self->waits = "__syncthreads";
    self->site = site;
    self->state = AT_BLOCK;
    to_scheduler();
    TSAN_ACQUIRE(mark);
    return block->counted;
}

void block_barrier(Site site) { block_count(0, site); }

SIMT_RAW void warp_exchange(uint32_t mask, const void* value, size_t bytes, bool orders_memory, const char* what, Site site) {
    Fiber* self = fiber;
    const unsigned lane = self->linear % WARP, first = self->linear / WARP * WARP;
    self->waits = what;
    self->site = site;
    if (!(mask >> lane & 1)) {
        fail(who(*self) + " takes part in " + where(*self) + format(" with a mask %08x that leaves it out", mask));
    }
    ++self->syncs;
    if (orders_memory) TSAN_RELEASE(&self->sync[self->syncs & 1]);
    const volatile unsigned char* from = static_cast<const unsigned char*>(value);
    volatile unsigned char* to = reinterpret_cast<volatile unsigned char*>(self->deposit);
    for (size_t i = 0; i < bytes; ++i) to[i] = from[i];
    self->mask = mask;
    self->state = AT_WARP;
    to_scheduler();
    if (!orders_memory) return;
    for (unsigned l = 0; l < WARP && first + l < block->threads; ++l) {
        if (mask >> l & 1) TSAN_ACQUIRE(&block->fibers[first + l].sync[block->warps[first / WARP].mark[l]]);
    }
}

SIMT_RAW void read_slot(void* value, size_t bytes, unsigned lane) {
    const volatile unsigned char* from = reinterpret_cast<unsigned char*>(block->warps[fiber->linear / WARP].open[lane]);
    volatile unsigned char* to = static_cast<unsigned char*>(value);
    for (size_t i = 0; i < bytes; ++i) to[i] = from[i];
}

void copy_async(void* shared, const void* global, int bytes, int bytes_read) {
    fiber->copies.push_back(AsyncCopy{shared, global, bytes, bytes_read, fiber->groups});
}

void copy_commit() { ++fiber->groups; }

void copy_wait(int newest_left) {
    std::vector<AsyncCopy>& copies = fiber->copies;
    const int before = newest_left < 0 ? fiber->groups + 1 : fiber->groups - newest_left;  // below 0: uncommitted ones too
    size_t left = 0;
    for (const AsyncCopy& copy : copies) {
        if (copy.group < before) {
            std::memcpy(copy.to, copy.from, static_cast<size_t>(copy.bytes_read));
            std::memset(static_cast<char*>(copy.to) + copy.bytes_read, 0, static_cast<size_t>(copy.bytes - copy.bytes_read));
        } else {
            copies[left++] = copy;
        }
    }
    copies.resize(left);
}
}  // namespace simt
