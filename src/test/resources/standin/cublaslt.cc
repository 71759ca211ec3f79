// Stands in for libcublasLt.so.13 in a test: what the documentation of cuBLASLt says of the functions that we call, computed on the host,
// where the emulator's memory is. It answers CUBLAS_STATUS_INVALID_VALUE to what it does not expect.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

constexpr int SUCCESS = 0;
constexpr int INVALID_VALUE = 7;
constexpr int COMPUTE_32F = 68;
constexpr int R_32F = 0;
constexpr uint64_t ALGORITHM = 0x1234;
constexpr size_t WORKSPACE = 4096;

struct Handle {};

struct Description {
    int compute, scale;
    int32_t transpose_a = 0, transpose_b = 0;
    uint32_t epilogue = 1;
    const float* bias = nullptr;
};

// column by column, ld elements from one to the next
struct Layout {
    int type;
    int64_t rows, columns, ld;
    int32_t batch = 1;
    int64_t stride = 0;

    float get(const void* data, int64_t at) const {
        if (type == R_32F) return static_cast<const float*>(data)[at];
        const uint32_t bits = static_cast<uint32_t>(static_cast<const uint16_t*>(data)[at]) << 16;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

    void put(void* data, int64_t at, float value) const {
        if (type == R_32F) {
            static_cast<float*>(data)[at] = value;
            return;
        }
        uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        static_cast<uint16_t*>(data)[at] = static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }
};

struct Preference {
    uint64_t workspace = 0;
    uint32_t reductions = 0;
    uint32_t alignments[4] = {};
};

struct Result {
    uint64_t algorithm[8];
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};

template <typename T>
int set(T& field, const void* value, size_t bytes) {
    if (bytes != sizeof field) return INVALID_VALUE;
    std::memcpy(&field, value, bytes);
    return SUCCESS;
}

int64_t inner(const Description& d, const Layout& a) { return d.transpose_a ? a.rows : a.columns; }

bool fits(const Description& d, const Layout& a, const Layout& b, const Layout& y) {
    const int64_t m = d.transpose_a ? a.columns : a.rows;
    const int64_t n = d.transpose_b ? b.rows : b.columns;
    return m == y.rows && n == y.columns && inner(d, a) == (d.transpose_b ? b.columns : b.rows) && a.batch == y.batch && b.batch == y.batch;
}

double finish(const Description& d, double sum, int64_t row) {
    if (d.epilogue & 4) sum += d.bias[row];
    if (d.epilogue & 2) sum = sum > 0 ? sum : 0;
    return d.epilogue & 32 ? 0.5 * sum * (1 + std::tanh(std::sqrt(2 / M_PI) * (sum + 0.044715 * sum * sum * sum))) : sum;
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion() { return 130002; }

int cublasLtCreate(Handle** handle) {
    *handle = new Handle;
    return SUCCESS;
}

int cublasLtDestroy(Handle* handle) {
    delete handle;
    return SUCCESS;
}

int cublasLtMatmulDescCreate(Description** made, int compute, int scale) {
    *made = new Description{compute, scale};
    return SUCCESS;
}

int cublasLtMatmulDescDestroy(Description* d) {
    delete d;
    return SUCCESS;
}

int cublasLtMatmulDescSetAttribute(Description* d, int what, const void* value, size_t bytes) {
    switch (what) {
        case 3: return set(d->transpose_a, value, bytes);
        case 4: return set(d->transpose_b, value, bytes);
        case 7: return set(d->epilogue, value, bytes);
        case 8: return set(d->bias, value, bytes);
        default: return INVALID_VALUE;
    }
}

int cublasLtMatrixLayoutCreate(Layout** made, int type, uint64_t rows, uint64_t columns, int64_t ld) {
    *made = new Layout{type, static_cast<int64_t>(rows), static_cast<int64_t>(columns), ld};
    return ld < static_cast<int64_t>(rows) ? INVALID_VALUE : SUCCESS;
}

int cublasLtMatrixLayoutDestroy(Layout* layout) {
    delete layout;
    return SUCCESS;
}

int cublasLtMatrixLayoutSetAttribute(Layout* layout, int what, const void* value, size_t bytes) {
    return what == 5 ? set(layout->batch, value, bytes) : what == 6 ? set(layout->stride, value, bytes) : INVALID_VALUE;
}

int cublasLtMatmulPreferenceCreate(Preference** made) {
    *made = new Preference;
    return SUCCESS;
}

int cublasLtMatmulPreferenceDestroy(Preference* preference) {
    delete preference;
    return SUCCESS;
}

int cublasLtMatmulPreferenceSetAttribute(Preference* p, int what, const void* value, size_t bytes) {
    switch (what) {
        case 1: return set(p->workspace, value, bytes);
        case 3: return set(p->reductions, value, bytes);
        case 5: case 6: case 7: case 8: return set(p->alignments[what - 5], value, bytes);
        default: return INVALID_VALUE;
    }
}

// knows no algorithm for results of a single column, so that a test sees a refusal
int cublasLtMatmulAlgoGetHeuristic(Handle* handle, Description* d, Layout* a, Layout* b, Layout* c, Layout* y, Preference* p, int wanted,
                                   Result* result, int* found) {
    const bool preferred = p->workspace == 32 << 20 && p->reductions == 2 && p->alignments[0] == 64 && p->alignments[3] == 64;
    if (!handle || d->compute != COMPUTE_32F || d->scale != R_32F || !preferred || wanted != 1 || c != y || !fits(*d, *a, *b, *y))
        return INVALID_VALUE;
    if ((d->epilogue & 4) && !d->bias) return INVALID_VALUE;
    *found = y->columns > 1;
    *result = Result{{ALGORITHM}, WORKSPACE, SUCCESS, 1, {}};
    return SUCCESS;
}

int cublasLtMatmul(Handle* handle, Description* d, const float* alpha, const void* a, Layout* la, const void* b, Layout* lb,
                   const float* beta, const void* c, Layout*, void* y, Layout* ly, const uint64_t* algorithm, void* workspace, size_t bytes,
                   void* stream) {
    if (!handle || *alpha != 1 || *beta != 0 || c != y || *algorithm != ALGORITHM || bytes != WORKSPACE || !stream) return INVALID_VALUE;
    if (reinterpret_cast<uintptr_t>(workspace) % 256 != 0 || !fits(*d, *la, *lb, *ly)) return INVALID_VALUE;
    std::memset(workspace, 0xff, bytes);
    for (int64_t q = 0; q < ly->batch; q++)
        for (int64_t column = 0; column < ly->columns; column++)
            for (int64_t row = 0; row < ly->rows; row++) {
                double sum = 0;
                for (int64_t k = 0; k < inner(*d, *la); k++)
                    sum += static_cast<double>(la->get(a, q * la->stride + (d->transpose_a ? k + row * la->ld : row + k * la->ld)))
                        * lb->get(b, q * lb->stride + (d->transpose_b ? column + k * lb->ld : k + column * lb->ld));
                ly->put(y, q * ly->stride + row + column * ly->ld, static_cast<float>(finish(*d, sum, row)));
            }
    return SUCCESS;
}

}
