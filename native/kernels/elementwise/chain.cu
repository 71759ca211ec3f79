// Chains of neighbours in one pass. Types and members of a chain are branches that all threads take alike, not kernels: what counts is
// memory.
#include "chain.h"

#include "elementwise.h"

namespace kn::elementwise {
namespace {
constexpr int THREADS = 256;
constexpr int WIDTH = 8;  // elements a thread takes at a time: 16 bytes in bf16

__global__ void chain_v1(Typed y, Typed x, Chain c, int64_t n) {
    for (int64_t i = first_item(); i < n; i += grid_stride()) y.store_one(i, c.apply_one(x.load_one(i), i));
}

// the last n % WIDTH elements go to the threads that have no pack left
__global__ void chain_v2(Typed y, Typed x, Chain c, int64_t n) {
    const int64_t packs = n / WIDTH;
    for (int64_t i = first_item(); i < packs + n % WIDTH; i += grid_stride()) {
        if (i >= packs) {
            const int64_t at = packs * WIDTH + (i - packs);
            y.store_one(at, c.apply_one(x.load_one(at), at));
            continue;
        }
        float v[WIDTH];
        x.load(v, i * WIDTH);
        c.apply(v, i * WIDTH);
        y.store(i * WIDTH, v);
    }
}
}  // namespace

kn_status check_chain(const char* what, int activation, double p, int operation, kn_dptr other, kn_dtype other_dtype) {
    KN_REQUIRE(activation >= KN_ACTIVATION_NONE && activation <= KN_ACTIVATION_GELU_TANH, "%s: there is no activation %d", what, activation);
    KN_REQUIRE(operation >= KN_CHAIN_END && operation <= KN_BINARY_GELU_TANH_GRADIENT && operation != KN_BINARY_MUL,
               "%s: chains have no operation %d", what, operation);
    KN_REQUIRE(p >= 0 && p < 1, "%s: p of dropout is at least 0 and below 1, got %g", what, p);
    KN_REQUIRE(operation == KN_CHAIN_END || (other != 0 && is_floating(other_dtype)), "%s: operation %d takes another tensor in f32 or bf16",
               what, operation);
    return KN_OK;
}

kn_status chain(int variant, kn_dptr y, kn_dptr x, kn_dptr random, kn_dptr other, int64_t n, int activation, double p, int32_t salt,
                int operation, kn_dtype y_dtype, kn_dtype x_dtype, kn_dtype other_dtype, kn_handle stream) {
    KN_REQUIRE(n >= 0, "elementwise.chain: n = %lld", static_cast<long long>(n));
    KN_REQUIRE(is_floating(y_dtype) && is_floating(x_dtype), "elementwise.chain computes in f32 and bf16, not from %s to %s",
               dtype_name(x_dtype), dtype_name(y_dtype));
    const kn_status status = check_chain("elementwise.chain", activation, p, operation, other, other_dtype);
    if (status != KN_OK || n == 0) return status;
    const bool whole = y % 16 == 0 && x % 16 == 0 && (operation == KN_CHAIN_END || other % 16 == 0);
    if (variant == 0) variant = whole ? 2 : 1;
    if (variant == 2 && !whole) return refuse(KN_UNSUPPORTED, "elementwise.chain v2 takes addresses of whole 16 bytes");
    const Chain c = chain_of(activation, random, p, salt, operation, other, other_dtype);
    if (variant == 2) {
        LAUNCH(chain_v2, blocks_for(ceil_div(n, WIDTH), THREADS), THREADS, 0, stream_of(stream), typed(y, y_dtype), typed(x, x_dtype), c, n);
    } else {
        LAUNCH(chain_v1, blocks_for(n, THREADS), THREADS, 0, stream_of(stream), typed(y, y_dtype), typed(x, x_dtype), c, n);
    }
    return launched("elementwise.chain v%d, n = %lld", variant, static_cast<long long>(n));
}
}  // namespace kn::elementwise

extern "C" kn_status kn_elementwise_chain(kn_dptr y, kn_dptr x, kn_dptr random, kn_dptr other, int64_t n, int32_t activation, double p,
                                          int32_t salt, int32_t operation, kn_dtype y_dtype, kn_dtype x_dtype, kn_dtype other_dtype,
                                          kn_handle stream) {
    return kn::elementwise::chain(0, y, x, random, other, n, activation, p, salt, operation, y_dtype, x_dtype, other_dtype, stream);
}
