// The emulator's scheduler: runs the threads of a block as fibers, opens barriers when all who must have come, reports who waits for
// nobody. To ThreadSanitizer the threads are ordered by barriers alone, so that a missing one is a reported race.
#include "scheduler.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace simt {
namespace {
__thread Block* block = nullptr;

SIMT_RAW void to_scheduler() { jump(fiber, &block->main); }

const char* tail(const char* path) {
    const char* slash = std::strrchr(path, '/');
    return slash ? slash + 1 : path;
}

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
    entered();
    TSAN_ACQUIRE(&block->started);
    block->body->call(block->body->closure);
    copy_wait(-1);  // copies that nobody has waited for happen all the same
    fiber->state = DONE;
    TSAN_RELEASE(&block->finished);
    to_scheduler();
    std::abort();
}

uint32_t lanes_of(const Block& b, unsigned first) {
    const unsigned n = std::min(WARP, b.threads - first);
    return n == WARP ? ~0u : (1u << n) - 1;
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
}  // namespace

std::string format(const char* text, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, text);
    vsnprintf(line, sizeof line, text, arguments);
    va_end(arguments);
    return line;
}

std::string dims(const dim3& d) { return format("(%u, %u, %u)", d.x, d.y, d.z); }

std::string named(const Kernel& kernel) {
    const char* name = kernel.name;
    std::string text(name[0] == '(' ? std::string(name + 1, std::strlen(name) - 2) : name);
    return text + format(" (%s:%d)", tail(kernel.site.file), kernel.site.line);
}

Block::~Block() {
    release();
    std::free(smem);
}

SIMT_RAW void Block::release() {
    for (unsigned i = 0; i < capacity; ++i) fibers[i].release();
    delete[] fibers;
    fibers = nullptr;
    capacity = 0;
}

SIMT_RAW void Block::serve(const Kernel& next, const Body& code) {
    kernel = &next;
    body = &code;
    threads = next.block.x * next.block.y * next.block.z;
    if (threads > capacity) {
        release();
        fibers = new Fiber[threads];
        warps.resize((threads + WARP - 1) / WARP);
        capacity = threads;
    }
    share(next.smem);
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

SIMT_RAW void Block::run(const dim3& at) {
    const dim3& size = kernel->block;
    for (unsigned t = 0; t < threads; ++t) {
        fibers[t].linear = t;
        fibers[t].place = Place{dim3(t % size.x, t / size.x % size.y, t / (size.x * size.y)), at, size, kernel->grid};
    }
    std::memset(smem, 0xFF, smem_bytes);  // NaN: what is read before it is written shows
    report.clear();
    schedule();
}

/// Opens the warp operations whose lanes have all come; whether there was one.
SIMT_RAW bool Block::open_warp(unsigned first) {
    const uint32_t present = lanes_of(*this, first);
    uint32_t waiting = 0;
    for (unsigned l = 0; l < WARP && first + l < threads; ++l) {
        waiting |= static_cast<uint32_t>(fibers[first + l].state == AT_WARP) << l;
    }
    bool opened = false;
    for (unsigned l = 0; l < WARP; ++l) {
        if (!(waiting >> l & 1)) continue;
        const Fiber& f = fibers[first + l];
        const uint32_t need = f.mask & present;
        if ((waiting & need) != need) continue;
        for (unsigned m = 0; m < WARP; ++m) {
            if (!(need >> m & 1)) continue;
            Fiber& other = fibers[first + m];
            if (other.mask != f.mask || other.waits != f.waits) {
                fail(who(f) + " is in " + where(f) + format(" with mask %08x, and ", f.mask) + who(other) + " in " + where(other)
                     + format(" with mask %08x: lanes that meet must be in one operation with one mask", other.mask));
                return false;
            }
            other.state = RUNS;
            Warp& warp = warps[first / WARP];
            warp.mark[m] = other.syncs & 1;
            for (size_t i = 0; i < other.words; ++i) warp.open[m][i] = other.deposit[i];
        }
        waiting &= ~need;
        opened = true;
    }
    return opened;
}

/// Runs the threads of one warp for as long as they only meet each other; how many came to their end, and whether anything moved.
SIMT_RAW unsigned Block::run_warp(unsigned first, bool* moved) {
    unsigned done = 0;
    for (bool again = true; again;) {
        for (unsigned t = first; t < std::min(first + WARP, threads); ++t) {
            if (fibers[t].state != RUNS) continue;
            jump(&main, &fibers[t]);
            *moved = true;
            done += fibers[t].state == DONE;
            if (!report.empty()) return done;
        }
        again = open_warp(first);
        *moved |= again;
    }
    return done;
}

SIMT_RAW void Block::schedule() {
    block = this;
    main.adopt();
    for (unsigned t = 0; t < threads; ++t) fibers[t].start(fiber_main);
    TSAN_RELEASE(&started);
    unsigned done = 0;
    while (done < threads && report.empty()) {
        bool moved = false;
        for (unsigned w = 0; w < threads && report.empty(); w += WARP) done += run_warp(w, &moved);
        unsigned waiting = 0;
        int holding = 0;
        for (unsigned t = 0; t < threads; ++t) {
            waiting += fibers[t].state == AT_BLOCK;
            holding += fibers[t].state == AT_BLOCK && fibers[t].predicate;
        }
        if (waiting > 0 && done + waiting == threads) {  // threads that have ended count as arrived
            counted = holding;
            for (unsigned t = 0; t < threads; ++t) {
                if (fibers[t].state == AT_BLOCK) fibers[t].state = RUNS;
            }
        } else if (!moved && done < threads && report.empty()) {
            fail(deadlock(*this));
        }
    }
    TSAN_ACQUIRE(&finished);
    block = nullptr;
    fiber = nullptr;
}

bool in_kernel() { return block != nullptr; }

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

SIMT_RAW void warp_exchange(uint32_t mask, const uint64_t* words, size_t count, bool orders_memory, const char* what, Site site) {
    Fiber* self = fiber;
    const unsigned lane = self->linear % WARP, first = self->linear / WARP * WARP;
    self->waits = what;
    self->site = site;
    if (!(mask >> lane & 1)) {
        fail(who(*self) + " takes part in " + where(*self) + format(" with a mask %08x that leaves it out", mask));
    }
    ++self->syncs;
    if (orders_memory) TSAN_RELEASE(&self->sync[self->syncs & 1]);
    // volatile, as a compiler would make it memcpy, which ThreadSanitizer looks at
    const volatile uint64_t* from = words;
    for (size_t i = 0; i < count; ++i) self->deposit[i] = from[i];
    self->words = count;
    self->mask = mask;
    self->state = AT_WARP;
    to_scheduler();
    if (!orders_memory) return;
    for (unsigned l = 0; l < WARP && first + l < block->threads; ++l) {
        if (mask >> l & 1) TSAN_ACQUIRE(&block->fibers[first + l].sync[block->warps[first / WARP].mark[l]]);
    }
}

SIMT_RAW void read_slot(uint64_t* words, size_t count, unsigned lane) {
    const volatile uint64_t* from = block->warps[fiber->linear / WARP].open[lane];
    for (size_t i = 0; i < count; ++i) words[i] = from[i];
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
