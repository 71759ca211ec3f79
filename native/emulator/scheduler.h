// One block of a launch: its threads, its shared memory, and the order in which the threads run.
#pragma once
#include <string>

#include "block.h"
#include "fiber.h"

namespace simt {
struct Warp {
    uint64_t open[WARP][SLOT / 8];  // what the lanes gave in the operation that was opened last
    unsigned char mark[WARP];
};

/// Serves block after block and launch after launch, on one thread.
struct Block {
    Fiber* fibers = nullptr;
    std::vector<Warp> warps;
    unsigned threads = 0, capacity = 0;
    const Body* body = nullptr;
    const Kernel* kernel = nullptr;
    std::string report;  // what went wrong; empty if nothing
    unsigned char* smem = nullptr;
    size_t smem_bytes = 0;
    Fiber main;
    char started = 0, finished = 0, barrier[2] = {};
    int counted = 0;

    ~Block();
    /// Makes ready for the blocks of a launch.
    void serve(const Kernel& next, const Body& code);
    /// Runs the block at a place in the grid to its end, or until the report says what is wrong.
    void run(const dim3& at);

  private:
    void release();
    void share(size_t bytes);
    void schedule();
    bool open_warp(unsigned first);
    unsigned run_warp(unsigned first, bool* moved);
};

/// Whether the caller is a kernel.
bool in_kernel();

std::string format(const char* text, ...) __attribute__((format(printf, 1, 2)));
std::string dims(const dim3& d);
}  // namespace simt
