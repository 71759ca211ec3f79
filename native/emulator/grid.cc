// Launches: what no device takes, and the threads of the system that share the blocks of one that runs.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "pretence.h"
#include "scheduler.h"

namespace simt {
namespace {
constexpr unsigned MAX_THREADS = 1024;

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
    b.serve(kernel, body);
    for (uint64_t i; (i = next.fetch_add(1)) < blocks;) {
        b.run(dim3(static_cast<unsigned>(i % kernel.grid.x), static_cast<unsigned>(i / kernel.grid.x % kernel.grid.y),
                   static_cast<unsigned>(i / (static_cast<uint64_t>(kernel.grid.x) * kernel.grid.y))));
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

/// Writes into the file that KINEMA_EMULATOR_LAUNCHES names (reached.cmake) a line for each kernel that the program launches somewhere,
/// "known|number|name", and one when it first does, "ran|number|name|file of the launch".
class Launches {
  public:
    static Launches& instance() {
        static Launches* launches = new Launches();
        return *launches;
    }

    /// Returns what is wrong with the file, empty if nothing.
    std::string note(const Kernel& kernel) {
        if (path == nullptr) return "";
        if (file == nullptr) return format("KINEMA_EMULATOR_LAUNCHES: %s cannot be written: name a file in a folder that exists", path);
        if (kernel.instance->ran.exchange(true)) return "";
        std::lock_guard<std::mutex> guard(lock);
        write("ran", *kernel.instance, std::string("|") + kernel.site.file);
        std::fflush(file);  // the process may end by a kernel's fault
        return "";
    }

  private:
    const char* const path = std::getenv("KINEMA_EMULATOR_LAUNCHES");
    FILE* const file = path ? std::fopen(path, "w") : nullptr;
    std::mutex lock;

    Launches() {
        for (const Instance* i = Instance::all; i != nullptr && file != nullptr; i = i->next) write("known", *i, "");
    }

    void write(const char* what, const Instance& instance, const std::string& more) {
        std::string name(std::strstr(instance.signature, "K = ") + 4);
        name.pop_back();  // the bracket that the arguments lie in
        for (char& c : name) {
            if (c == ';' || c == '[' || c == ']') c = ' ';  // of which CMake makes lists
        }
        std::fprintf(file, "%s|%d|%s%s\n", what, instance.number, name.c_str(), more.c_str());
    }
};
}  // namespace

Instance* Instance::all = nullptr;

std::string refusal(const Kernel& k) {
    const uint64_t threads = static_cast<uint64_t>(k.block.x) * k.block.y * k.block.z;
    const bool empty = k.grid.x == 0 || k.grid.y == 0 || k.grid.z == 0 || threads == 0;
    if (!empty && threads <= MAX_THREADS && k.block.z <= 64 && k.grid.x <= 0x7FFFFFFFu && k.grid.y <= 65535 && k.grid.z <= 65535
        && k.smem <= static_cast<size_t>(Pretence::instance().shared)) {
        return "";
    }
    return named(k) + ": no device takes a grid " + dims(k.grid) + " of blocks " + dims(k.block)
        + format(" with %zu bytes of dynamic shared memory", k.smem);
}

std::string run_grid(const Kernel& kernel, const Body& body) {
    if (in_kernel()) return named(kernel) + ": a kernel cannot launch another";
    std::string unwritten = Launches::instance().note(kernel);
    if (!unwritten.empty()) return unwritten;
    Grid grid{kernel, body, static_cast<uint64_t>(kernel.grid.x) * kernel.grid.y * kernel.grid.z};
    Pool::instance().run(grid);
    return grid.report;
}
}  // namespace simt
