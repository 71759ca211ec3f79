// Switching stacks, and telling the sanitizers.
#include "fiber.h"

#include <sys/mman.h>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace simt {
namespace {
constexpr size_t GUARD = 4096;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t STACK = 512 * 1024;
#else
constexpr size_t STACK = 128 * 1024;
#endif

#if defined(__SANITIZE_ADDRESS__)
__thread Fiber* left = nullptr;  // the one that ran before
#endif

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
}  // namespace

__thread Fiber* fiber = nullptr;

SIMT_RAW void entered() {
#if defined(__SANITIZE_ADDRESS__)
    const void* bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(fiber->fake_stack, &bottom, &size);
    if (left->bottom == nullptr) {  // the stack of an adopted one is known when it is left
        left->bottom = bottom;
        left->size = size;
    }
#endif
}

SIMT_RAW void jump(Fiber* from, Fiber* to) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(from->state == DONE ? nullptr : &from->fake_stack, to->bottom, to->size);
    left = from;
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
    entered();
}

SIMT_RAW void Fiber::adopt() {
    fiber = this;
    state = RUNS;
#if defined(__SANITIZE_THREAD__)
    tsan = __tsan_get_current_fiber();
#endif
}

SIMT_RAW void Fiber::start(void (*entry)()) {
    if (stack == nullptr) {
        void* memory = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        mprotect(memory, GUARD, PROT_NONE);
        bottom = stack = static_cast<char*>(memory);
        size = STACK;
    }
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(stack + GUARD, STACK - GUARD);
#endif
#if defined(__SANITIZE_THREAD__)
    if (tsan == nullptr) tsan = __tsan_create_fiber(0);
#endif
    state = RUNS;
    fake_stack = nullptr;
    copies.clear();
    groups = 0;
    syncs = barriers = 0;
#if defined(__x86_64__)
    void** top = reinterpret_cast<void**>(stack + STACK);
    *--top = nullptr;  // the stack is 16-byte aligned at the call that ret makes
    *--top = reinterpret_cast<void*>(entry);
    for (int i = 0; i < 6; ++i) *--top = nullptr;
    sp = top;
#else
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = STACK;
    context.uc_link = nullptr;
    makecontext(&context, entry, 0);
#endif
}

SIMT_RAW void Fiber::release() {
    if (stack) munmap(stack, STACK);
#if defined(__SANITIZE_THREAD__)
    if (tsan) __tsan_destroy_fiber(tsan);
#endif
}
}  // namespace simt
