// Matrix products: the plain kernel, and the choice of variants.
#include "matmul.h"

#include "tile.h"

namespace kn::matmul {
namespace {
constexpr int THREADS = 256;
constexpr int64_t LIMIT = int64_t{1} << 31;

template <class T> __global__ void multiply_v1(const T* a, const T* b, ChainEpilogue e, int64_t elements, int64_t m, int64_t n, int64_t k,
                                               bool transpose_a, bool transpose_b) {
    const int64_t step_a = transpose_a ? m : 1, step_b = transpose_b ? 1 : n;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < elements;
         i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
        const int64_t row = i / n, column = i % n, which = row / m;
        const T* left = a + which * m * k + (transpose_a ? row % m : row % m * k);
        const T* right = b + which * k * n + (transpose_b ? column * k : column);
        float sum = 0.f;
        for (int64_t j = 0; j < k; ++j) sum += to_float(left[j * step_a]) * to_float(right[j * step_b]);
        e.store_any<1>(row, static_cast<int>(column), &sum);
    }
}

bool is_aligned(const Product& p) {
    const int64_t chunk = 16 / size_of(p.dtype);
    const int64_t row_a = p.transpose_a ? p.m : p.k, row_b = p.transpose_b ? p.k : p.n;
    return row_a % chunk == 0 && row_b % chunk == 0 && p.a % 16 == 0 && p.b % 16 == 0;
}

void launch_plain(const Product& p, ChainEpilogue e, kn_handle stream) {
    const int64_t elements = p.batch * p.m * p.n;
    e.e.whole = false;
    KN_FLOATING(p.dtype, T, LAUNCH((multiply_v1<T>), blocks_for(elements, THREADS), THREADS, 0, stream_of(stream), address<const T>(p.a),
                                   address<const T>(p.b), e, elements, p.m, p.n, p.k, p.transpose_a, p.transpose_b));
}

long long of(int64_t n) { return static_cast<long long>(n); }

kn_status check(const char* what, const Product& p, kn_dtype y_dtype, int activation) {
    KN_REQUIRE(p.batch >= 0 && p.m >= 0 && p.n >= 0 && p.k >= 0 && p.m < LIMIT && p.n < LIMIT && p.k < LIMIT,
               "%s: sizes are 0 to 2^31 - 1, got batch = %lld, m = %lld, n = %lld, k = %lld", what, of(p.batch), of(p.m), of(p.n), of(p.k));
    KN_REQUIRE(is_floating(p.dtype), "%s computes in f32 and bf16, not in %s", what, dtype_name(p.dtype));
    KN_REQUIRE(y_dtype == KN_F32 || y_dtype == p.dtype, "%s stores f32 or the type of its operands, %s, not %s", what, dtype_name(p.dtype),
               dtype_name(y_dtype));
    KN_REQUIRE(activation >= KN_ACTIVATION_NONE && activation <= KN_ACTIVATION_GELU_TANH, "%s: there is no activation %d", what, activation);
    return KN_OK;
}

/// The product is not empty.
kn_status launch(const char* what, int variant, const Product& p, const ChainEpilogue& e, kn_handle stream) {
    const bool aligned = is_aligned(p);
    const bool tiles = p.batch <= 65535 && ceil_div(p.m, 64) * ceil_div(p.n, 64) < LIMIT;
    if (variant == 0) variant = !tiles ? 1 : aligned ? tile::size_for(p.m, p.n, p.batch) : 2;
    if (variant > 1 && !tiles) return refuse(KN_UNSUPPORTED, "%s: tiles take batches up to 65535, got %lld", what, of(p.batch));
    if (variant > 2 && !aligned) {
        return refuse(KN_UNSUPPORTED, "%s v%d takes rows of whole 16 bytes, got m = %lld, n = %lld, k = %lld", what, variant, of(p.m), of(p.n),
                      of(p.k));
    }
    if (variant == 1) {
        launch_plain(p, e, stream);
    } else if (p.dtype == KN_BF16) {
        launch_tiles_bf16(variant, aligned, p, e, stream);
    } else {
        launch_tiles_float(variant, aligned, p, e, stream);
    }
    return launched("%s v%d, batch = %lld, m = %lld, n = %lld, k = %lld", what, variant, of(p.batch), of(p.m), of(p.n), of(p.k));
}

bool is_empty(const Product& p) { return p.batch == 0 || p.m == 0 || p.n == 0; }
}  // namespace

kn_status multiply(int variant, kn_dptr y, const Product& p, kn_dptr scale, kn_dptr bias, kn_dptr residual, int activation, kn_dtype y_dtype,
                   kn_handle stream) {
    constexpr const char* WHAT = "matmul.multiply";
    const kn_status status = check(WHAT, p, y_dtype, activation);
    if (status != KN_OK || is_empty(p)) return status;
    ChainEpilogue e{};
    e.e = epilogue(y, scale, bias, residual, p.n, activation, y_dtype);
    return launch(WHAT, variant, p, e, stream);
}

kn_status chain(int variant, kn_dptr y, const Product& p, const Finish& f, kn_handle stream) {
    constexpr const char* WHAT = "matmul.chain";
    kn_status status = check(WHAT, p, f.y_dtype, f.activation);
    if (status == KN_OK) status = elementwise::check_chain(WHAT, f.activation, f.p, f.operation, f.other, f.other_dtype);
    if (status != KN_OK || is_empty(p)) return status;
    KN_REQUIRE(f.before == 0 || f.before_dtype == KN_F32 || f.before_dtype == KN_BF16, "%s: before is in f32 or bf16, not in %s", WHAT,
               dtype_name(f.before_dtype));
    ChainEpilogue e{epilogue(y, 0, f.bias, 0, p.n, KN_ACTIVATION_NONE, f.y_dtype),
                    elementwise::chain_of(f.activation, f.random, f.p, f.salt, f.operation, f.other, f.other_dtype),
                    elementwise::typed(f.before, f.before_dtype), true};
    e.e.whole = e.e.whole && f.before % 16 == 0 && f.other % 16 == 0;
    return launch(WHAT, variant, p, e, stream);
}
}  // namespace kn::matmul

extern "C" kn_status kn_matmul_multiply(kn_dptr y, kn_dptr a, kn_dptr b, kn_dptr bias, kn_dptr residual, int64_t batch, int64_t m, int64_t n,
                                        int64_t k, int32_t transpose_a, int32_t transpose_b, int32_t activation, kn_dtype y_dtype,
                                        kn_dtype dtype, kn_handle stream) {
    return kn::matmul::multiply(0, y, {a, b, batch, m, n, k, transpose_a != 0, transpose_b != 0, dtype}, 0, bias, residual, activation,
                                y_dtype, stream);
}

extern "C" kn_status kn_matmul_chain(kn_dptr y, kn_dptr before, kn_dptr a, kn_dptr b, kn_dptr bias, kn_dptr random, kn_dptr other,
                                     int64_t batch, int64_t m, int64_t n, int64_t k, int32_t transpose_a, int32_t transpose_b,
                                     int32_t activation, double p, int32_t salt, int32_t operation, kn_dtype y_dtype,
                                     kn_dtype before_dtype, kn_dtype other_dtype, kn_dtype dtype, kn_handle stream) {
    return kn::matmul::chain(0, y, {a, b, batch, m, n, k, transpose_a != 0, transpose_b != 0, dtype},
                             {before, bias, random, other, activation, p, salt, operation, y_dtype, before_dtype, other_dtype}, stream);
}
