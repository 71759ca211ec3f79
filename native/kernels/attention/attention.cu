// Attention: checks, and the choice of variants.
#include "attention.h"

#include "../../runtime/kernel.h"
#include "variants.h"

namespace kn::attention {
namespace {
constexpr int64_t LIMIT = int64_t{1} << 31;

long long of(int64_t n) { return static_cast<long long>(n); }

kn_status check(const char* what, const Operands& o) {
    KN_REQUIRE(o.batch >= 0 && o.queries >= 0 && o.keys >= 0 && o.heads > 0 && o.depth > 0 && o.queries < LIMIT - 64
                   && o.keys < LIMIT - 64 && o.heads < LIMIT && o.depth < LIMIT - 256,
               "attention.%s: sizes are 0 to 2^31 - 257, got batch = %lld, queries = %lld, keys = %lld, heads = %lld, depth = %lld", what,
               of(o.batch), of(o.queries), of(o.keys), of(o.heads), of(o.depth));
    KN_REQUIRE(is_floating(o.dtype), "attention.%s computes in f32 and bf16, not in %s", what, dtype_name(o.dtype));
    KN_REQUIRE(o.dropout >= 0 && o.dropout < 1, "attention.%s: dropout is in [0, 1), got %g", what, o.dropout);
    KN_REQUIRE(o.dropout == 0 || o.random != 0, "attention.%s: dropout needs the random state", what);
    return KN_OK;
}

/// The variant to use; refuses one that does not take the shape.
kn_status choose(const char* what, const Operands& o, int* variant) {
    if (*variant == 0) *variant = is_short(o) ? 2 : is_for_tiles(o) ? 3 : 1;
    if (*variant == 2 && !is_short(o)) {
        return refuse(KN_UNSUPPORTED, "attention.%s v2 takes up to %d queries and keys in rows of whole 16 bytes, at most 16 of these",
                      what, SHORT);
    }
    if (*variant == 3 && !is_for_tiles(o)) {
        return refuse(KN_UNSUPPORTED, "attention.%s v3 takes depths up to 128 of whole 16 bytes", what);
    }
    KN_REQUIRE(*variant >= 1 && *variant <= VARIANTS, "attention.%s: there is no variant %d", what, *variant);
    return KN_OK;
}

kn_status outcome(const char* what, int variant, const Operands& o) {
    return launched("attention.%s v%d, batch = %lld, queries = %lld, keys = %lld, heads = %lld, depth = %lld", what, variant, of(o.batch),
                    of(o.queries), of(o.keys), of(o.heads), of(o.depth));
}
}  // namespace

kn_status forward(int variant, kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream) {
    kn_status status = check("forward", o);
    if (status != KN_OK || o.batch == 0 || o.queries == 0) return status;
    status = choose("forward", o, &variant);
    if (status != KN_OK) return status;
    if (variant == 1) {
        launch_forward_plain(y, log_sums, o, stream);
    } else if (variant == 2) {
        launch_forward_short(y, log_sums, o, stream);
    } else {
        launch_forward_tiles(y, log_sums, o, stream);
    }
    return outcome("forward", variant, o);
}

kn_status gradient(int variant, kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr y, kn_dptr log_sums, const Operands& o,
                   kn_dptr workspace, kn_handle stream) {
    kn_status status = check("gradient", o);
    if (status != KN_OK || o.batch == 0 || o.queries + o.keys == 0) return status;
    status = choose("gradient", o, &variant);
    if (status != KN_OK) return status;
    if (variant == 1) {
        launch_gradient_plain(dq, dk, dv, dy, y, log_sums, o, stream);
    } else if (variant == 2) {
        launch_gradient_short(dq, dk, dv, dy, o, stream);
    } else {
        launch_gradient_tiles(dq, dk, dv, dy, y, log_sums, o, workspace, stream);
    }
    return outcome("gradient", variant, o);
}
}  // namespace kn::attention

using namespace kn;

extern "C" {

kn_status kn_attention_forward(kn_dptr y, kn_dptr log_sums, kn_dptr q, kn_dptr k, kn_dptr v, kn_dptr mask, kn_dptr random, int64_t batch,
                               int64_t queries, int64_t keys, int64_t heads, int64_t depth, int32_t causal, double dropout, int32_t salt,
                               kn_dtype dtype, kn_handle stream) {
    return attention::forward(0, y, log_sums,
                              {q, k, v, mask, random, batch, queries, keys, heads, depth, causal != 0, dropout, salt, dtype}, stream);
}

kn_status kn_attention_gradient(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr q, kn_dptr k, kn_dptr v, kn_dptr y,
                                kn_dptr log_sums, kn_dptr mask, kn_dptr random, int64_t batch, int64_t queries, int64_t keys, int64_t heads,
                                int64_t depth, int32_t causal, double dropout, int32_t salt, kn_dtype dtype, kn_dptr workspace,
                                kn_handle stream) {
    return attention::gradient(0, dq, dk, dv, dy, y, log_sums,
                               {q, k, v, mask, random, batch, queries, keys, heads, depth, causal != 0, dropout, salt, dtype}, workspace,
                               stream);
}

int64_t kn_attention_gradient_workspace(int64_t batch, int64_t queries, int64_t heads) { return batch * queries * heads * 4; }

}  // extern "C"
