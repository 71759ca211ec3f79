// Instructions that CUDA C++ does not spell: inline PTX under nvcc, software with the same meaning (PTX ISA 9.0, section 9.7) in the
// emulator. Fragments of mma.sync: with g = lane / 4 and t = lane % 4,
//   A 16x16  registers: (g, 2t..), (g+8, 2t..), (g, 2t+8..), (g+8, 2t+8..)
//   B 16x8   registers: (2t.., g), (2t+8.., g)
//   C 16x8   floats:    (g, 2t), (g, 2t+1), (g+8, 2t), (g+8, 2t+1)
#pragma once
#include "kernel.h"

namespace kn {
#if defined(__CUDACC__)

__device__ inline uint32_t shared_address(const void* p) { return static_cast<uint32_t>(__cvta_generic_to_shared(p)); }

/// d += a b for a 16x16 by 16x8 tile of bf16, accumulated in float.
__device__ inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// Four 8x8 tiles of 16-bit elements; lane 8i + r gives the address of row r of tile i (16 bytes, aligned), and gets of tile i, in r[i], the
/// elements (lane / 4, 2 (lane % 4)) and the one beside it.
__device__ inline void ldmatrix_x4(uint32_t (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

/// The same with each tile transposed.
__device__ inline void ldmatrix_x4_transposed(uint32_t (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

/// Two tiles, by the addresses that lanes 0 to 15 give.
__device__ inline void ldmatrix_x2(uint32_t (&r)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ inline void ldmatrix_x2_transposed(uint32_t (&r)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row))
                 : "memory");
}

/// Starts a copy of 16 bytes from global to shared memory, both aligned to 16, past L1; zeros where not valid, and then global memory is not
/// read.
__device__ inline void copy_async_16(void* shared, const void* global, bool valid = true) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(valid ? 16 : 0)
                 : "memory");
}

/// The same for 4 bytes.
__device__ inline void copy_async_4(void* shared, const void* global, bool valid = true) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(valid ? 4 : 0)
                 : "memory");
}

/// Closes a group of copies.
__device__ inline void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits for this thread's copies but those of the newest LEFT groups; a barrier must follow before other threads read.
template <int LEFT> __device__ inline void copy_async_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory"); }

#else

inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], SIMT_HERE) {
    struct Fragments {
        uint32_t a[4], b[2];
    };
    simt::exchange(ALL_LANES, Fragments{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}}, "mma_bf16", SIMT_SITE);
    const unsigned g = simt::lane() / 4, t = simt::lane() % 4;
    float rows[2][16], columns[2][16];
    for (unsigned lane = 0; lane < 4; ++lane) {  // the lanes of a quad hold pairs of k
        const Fragments row = simt::slot<Fragments>(g * 4 + lane);
        for (unsigned r = 0; r < 4; ++r) {
            rows[r % 2][r / 2 * 8 + lane * 2] = low_half(row.a[r]);
            rows[r % 2][r / 2 * 8 + lane * 2 + 1] = high_half(row.a[r]);
        }
        for (unsigned c = 0; c < 2; ++c) {
            const Fragments column = simt::slot<Fragments>((t * 2 + c) * 4 + lane);
            for (unsigned r = 0; r < 2; ++r) {
                columns[c][r * 8 + lane * 2] = low_half(column.b[r]);
                columns[c][r * 8 + lane * 2 + 1] = high_half(column.b[r]);
            }
        }
    }
    for (unsigned i = 0; i < 4; ++i) {
        for (unsigned k = 0; k < 16; ++k) d[i] += rows[i / 2][k] * columns[i % 2][k];
    }
}

template <int TILES, bool TRANSPOSED> void simt_ldmatrix(uint32_t (&r)[TILES], const void* row, const char* what, simt::Site site) {
    simt::exchange(ALL_LANES, row, what, site);
    const unsigned g = simt::lane() / 4, t = simt::lane() % 4;
    const uint16_t* rows[2];
    for (int i = 0; i < TILES; ++i) {
        uint16_t pair[2];
        for (unsigned e = 0; e < 2; ++e) {
            const unsigned y = TRANSPOSED ? t * 2 + e : g, x = TRANSPOSED ? g : t * 2 + e;
            rows[e] = simt::slot<const uint16_t*>(static_cast<unsigned>(i) * 8 + y);
            pair[e] = rows[e][x];
        }
        r[i] = static_cast<uint32_t>(pair[0]) | static_cast<uint32_t>(pair[1]) << 16;
    }
}
inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, SIMT_HERE) { simt_ldmatrix<4, false>(r, row, "ldmatrix_x4", SIMT_SITE); }
inline void ldmatrix_x4_transposed(uint32_t (&r)[4], const void* row, SIMT_HERE) {
    simt_ldmatrix<4, true>(r, row, "ldmatrix_x4_transposed", SIMT_SITE);
}
inline void ldmatrix_x2(uint32_t (&r)[2], const void* row, SIMT_HERE) { simt_ldmatrix<2, false>(r, row, "ldmatrix_x2", SIMT_SITE); }
inline void ldmatrix_x2_transposed(uint32_t (&r)[2], const void* row, SIMT_HERE) {
    simt_ldmatrix<2, true>(r, row, "ldmatrix_x2_transposed", SIMT_SITE);
}

inline void copy_async_16(void* shared, const void* global, bool valid = true) {
    simt::copy_async(shared, global, 16, valid ? 16 : 0);
}
inline void copy_async_4(void* shared, const void* global, bool valid = true) { simt::copy_async(shared, global, 4, valid ? 4 : 0); }
inline void copy_async_commit() { simt::copy_commit(); }
template <int LEFT> void copy_async_wait() { simt::copy_wait(LEFT); }

#endif
}  // namespace kn
