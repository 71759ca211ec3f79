// How a launcher refuses arguments and reports a launch. The sentence is kept for this thread, for kn_last_error().
#pragma once
#include <cstddef>

#include "../include/kinema.h"

namespace kn {
/// Sets the sentence and returns the status, so that a launcher can return the call.
kn_status refuse(kn_status status, const char* format, ...) __attribute__((format(printf, 2, 3)));

/// The outcome of the launches since the last call; on failure the sentence names what was launched and for which sizes.
kn_status launched(const char* format, ...) __attribute__((format(printf, 1, 2)));

const char* dtype_name(kn_dtype dtype);
inline bool is_floating(kn_dtype dtype) { return dtype == KN_F32 || dtype == KN_BF16; }
inline int64_t size_of(kn_dtype dtype) { return dtype == KN_I64 ? 8 : dtype == KN_BF16 ? 2 : dtype == KN_U8 ? 1 : 4; }

/// Whether a block can ask for so many bytes of shared memory on the device, static and dynamic ones together.
bool has_shared(size_t bytes);
}  // namespace kn

/// Returns from the launcher with a sentence unless the condition holds.
#define KN_REQUIRE(CONDITION, ...)                                                                                                 \
    do {                                                                                                                           \
        if (!(CONDITION)) return ::kn::refuse(KN_INVALID_ARGUMENT, __VA_ARGS__);                                                   \
    } while (0)

/// Runs the statement with T as the type of a floating dtype. The dtype must have been checked.
#define KN_FLOATING(DTYPE, T, ...)                                                                                                 \
    do {                                                                                                                           \
        if ((DTYPE) == KN_BF16) {                                                                                                  \
            using T = ::kn::bf16;                                                                                                  \
            __VA_ARGS__;                                                                                                           \
        } else {                                                                                                                   \
            using T = float;                                                                                                       \
            __VA_ARGS__;                                                                                                           \
        }                                                                                                                          \
    } while (0)
