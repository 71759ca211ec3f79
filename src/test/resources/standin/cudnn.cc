// Stands in for libcudnn_graph.so.9, libcudnn_ops.so.9 and libcudnn_cnn.so.9 in a test: what the documentation of cuDNN says of the
// functions that we call, computed on the host, where the emulator's memory is. It answers CUDNN_STATUS_BAD_PARAM to what it does not
// expect. Each of the three is built from all of this: callers find a function in the library that they name.
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

constexpr int SUCCESS = 0;
constexpr int BAD_PARAM = 2000;
constexpr int NOT_SUPPORTED = 3000;
constexpr int NOT_SUPPORTED_SHAPE = 3002;
constexpr int DATA_FLOAT = 0;
constexpr int DATA_BFLOAT16 = 9;
constexpr int NHWC = 1;
constexpr int CROSS_CORRELATION = 1;
constexpr int TENSOR_OP_MATH = 1;
constexpr int FMA_MATH = 3;

// what it proposes, in this order: the last is good
constexpr int UNSUPPORTED = 4;
constexpr int UNORDERED = 3;
constexpr int LARGE = 2;
constexpr int GOOD = 1;

enum Direction { FORWARD, DATA, FILTER };

struct Handle {
    void* stream = nullptr;
};

float get(const void* data, int type, int64_t at) {
    if (type == DATA_FLOAT) return static_cast<const float*>(data)[at];
    const uint32_t bits = static_cast<uint32_t>(static_cast<const uint16_t*>(data)[at]) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

void put(void* data, int type, int64_t at, float value) {
    if (type == DATA_FLOAT) {
        static_cast<float*>(data)[at] = value;
        return;
    }
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    static_cast<uint16_t*>(data)[at] = static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// [n, c, t, h, w]
struct Tensor {
    int type = -1;
    int sizes[5] = {}, strides[5] = {};

    int64_t at(int n, int c, const int* p) const {
        return int64_t{n} * strides[0] + int64_t{c} * strides[1] + int64_t{p[0]} * strides[2] + int64_t{p[1]} * strides[3]
            + int64_t{p[2]} * strides[4];
    }
    bool channels_last() const {
        return strides[1] == 1 && strides[4] == sizes[1] && strides[3] == sizes[4] * strides[4] && strides[2] == sizes[3] * strides[3]
            && strides[0] == sizes[2] * strides[2];
    }
};

// sizes [o, i, t, h, w], stored [o, t, h, w, i]
struct Filter {
    int type = -1, format = -1;
    int sizes[5] = {};

    int64_t at(int o, int i, const int* tap) const {
        return (((int64_t{o} * sizes[2] + tap[0]) * sizes[3] + tap[1]) * sizes[4] + tap[2]) * sizes[1] + i;
    }
};

struct Convolution {
    int padding[3] = {}, strides[3] = {}, dilations[3] = {};
    int mode = -1, compute = -1, math = 0;
};

struct Perf {
    int algorithm, status;
    float time;
    size_t memory;
    int determinism, math;
    int reserved[3];
};

bool fits(const Tensor& x, const Filter& w, const Convolution& c, const Tensor& y) {
    if (x.type != w.type || x.type != y.type || w.format != NHWC || !x.channels_last() || !y.channels_last()) return false;
    if (c.mode != CROSS_CORRELATION || c.compute != DATA_FLOAT) return false;
    if (c.math != (x.type == DATA_BFLOAT16 ? TENSOR_OP_MATH : FMA_MATH)) return false;
    for (int d = 0; d < 3; d++) {
        if (c.dilations[d] != 1) return false;
        if (y.sizes[2 + d] != (x.sizes[2 + d] + 2 * c.padding[d] - w.sizes[2 + d]) / c.strides[d] + 1) return false;
    }
    return x.sizes[0] == y.sizes[0] && x.sizes[1] == w.sizes[1] && y.sizes[1] == w.sizes[0];
}

// takes no batches of 9, knows nothing for batches of 3, nothing with a fixed order for those of 5, and nothing small for those of 7
int propose(Handle* handle, bool fit, int batch, int wanted, int* found, Perf* perf) {
    if (!handle || !fit) return BAD_PARAM;
    if (batch == 3) return NOT_SUPPORTED_SHAPE;
    const Perf all[] = {{UNSUPPORTED, NOT_SUPPORTED, -1, 0, 1, 0, {}}, {UNORDERED, SUCCESS, -1, 0, 0, 0, {}},
                        {LARGE, SUCCESS, -1, size_t{1} << 30, 1, 0, {}}, {GOOD, SUCCESS, -1, 0, 1, 0, {}}};
    const int count = batch == 5 ? 2 : batch == 7 ? 3 : 4;
    if (wanted < count) return BAD_PARAM;
    *found = 0;
    for (int i = 0; i < count; i++)
        if (batch != 7 || all[i].algorithm != UNORDERED) perf[(*found)++] = all[i];
    return SUCCESS;
}

size_t need(int algorithm, Direction direction) {
    if (algorithm == LARGE) return size_t{1} << 30;
    return algorithm == UNORDERED || direction == DATA ? 0 : 4093;
}

int workspace(Handle* handle, bool fit, int algorithm, Direction direction, size_t* bytes) {
    if (!handle || !fit || algorithm == UNSUPPORTED) return BAD_PARAM;
    *bytes = need(algorithm, direction);
    return SUCCESS;
}

bool ready(Handle* handle, bool fit, const float* alpha, const float* beta, int algorithm, Direction direction, void* passing,
           size_t bytes) {
    if (!handle || !handle->stream || !fit || *alpha != 1 || *beta != 0 || algorithm != GOOD) return false;
    if (bytes != need(algorithm, direction)) return false;
    if (reinterpret_cast<uintptr_t>(passing) % 256 != 0 || (passing == nullptr) != (bytes == 0)) return false;
    if (bytes > 0) std::memset(passing, 0xff, bytes);
    return true;
}

// calls f with each place in y and each tap that meets a place in x
template <typename F>
void each_place(const Tensor& x, const Filter& w, const Convolution& c, const Tensor& y, F f) {
    int out[3], tap[3], in[3];
    for (out[0] = 0; out[0] < y.sizes[2]; out[0]++)
        for (out[1] = 0; out[1] < y.sizes[3]; out[1]++)
            for (out[2] = 0; out[2] < y.sizes[4]; out[2]++)
                for (tap[0] = 0; tap[0] < w.sizes[2]; tap[0]++)
                    for (tap[1] = 0; tap[1] < w.sizes[3]; tap[1]++)
                        for (tap[2] = 0; tap[2] < w.sizes[4]; tap[2]++) {
                            bool inside = true;
                            for (int d = 0; d < 3; d++) {
                                in[d] = out[d] * c.strides[d] + tap[d] - c.padding[d];
                                inside = inside && in[d] >= 0 && in[d] < x.sizes[2 + d];
                            }
                            if (inside) f(out, tap, in);
                        }
}

// sums in double, one for each element of the result
struct Sums {
    explicit Sums(int64_t count) : values(new double[static_cast<size_t>(count)]()), count(count) {}
    ~Sums() { delete[] values; }
    void store(void* data, int type) const {
        for (int64_t i = 0; i < count; i++) put(data, type, i, static_cast<float>(values[i]));
    }
    double* values;
    int64_t count;
};

int64_t elements(const int* sizes) { return int64_t{sizes[0]} * sizes[1] * sizes[2] * sizes[3] * sizes[4]; }

template <typename T>
int make(T** made) {
    *made = new T;
    return SUCCESS;
}

template <typename T>
int destroy(T* made) {
    delete made;
    return SUCCESS;
}

}  // namespace

extern "C" {

size_t cudnnGetVersion() { return 92001; }
int cudnnCreate(Handle** handle) { return make(handle); }
int cudnnDestroy(Handle* handle) { return destroy(handle); }

int cudnnSetStream(Handle* handle, void* stream) {
    handle->stream = stream;
    return SUCCESS;
}

int cudnnCreateTensorDescriptor(Tensor** made) { return make(made); }
int cudnnDestroyTensorDescriptor(Tensor* made) { return destroy(made); }
int cudnnCreateFilterDescriptor(Filter** made) { return make(made); }
int cudnnDestroyFilterDescriptor(Filter* made) { return destroy(made); }
int cudnnCreateConvolutionDescriptor(Convolution** made) { return make(made); }
int cudnnDestroyConvolutionDescriptor(Convolution* made) { return destroy(made); }

int cudnnSetTensorNdDescriptor(Tensor* tensor, int type, int count, const int* sizes, const int* strides) {
    if (count != 5) return BAD_PARAM;
    if (sizes[0] == 9) return NOT_SUPPORTED;
    tensor->type = type;
    std::memcpy(tensor->sizes, sizes, sizeof tensor->sizes);
    std::memcpy(tensor->strides, strides, sizeof tensor->strides);
    return SUCCESS;
}

int cudnnSetFilterNdDescriptor(Filter* filter, int type, int format, int count, const int* sizes) {
    if (count != 5) return BAD_PARAM;
    filter->type = type;
    filter->format = format;
    std::memcpy(filter->sizes, sizes, sizeof filter->sizes);
    return SUCCESS;
}

int cudnnSetConvolutionNdDescriptor(Convolution* c, int count, const int* padding, const int* strides, const int* dilations, int mode,
                                    int compute) {
    if (count != 3) return BAD_PARAM;
    std::memcpy(c->padding, padding, sizeof c->padding);
    std::memcpy(c->strides, strides, sizeof c->strides);
    std::memcpy(c->dilations, dilations, sizeof c->dilations);
    c->mode = mode;
    c->compute = compute;
    return SUCCESS;
}

int cudnnSetConvolutionMathType(Convolution* c, int math) {
    c->math = math;
    return SUCCESS;
}

int cudnnGetConvolutionForwardAlgorithm_v7(Handle* handle, Tensor* x, Filter* w, Convolution* c, Tensor* y, int wanted, int* found,
                                           Perf* perf) {
    return propose(handle, fits(*x, *w, *c, *y), x->sizes[0], wanted, found, perf);
}

int cudnnGetConvolutionBackwardDataAlgorithm_v7(Handle* handle, Filter* w, Tensor* dy, Convolution* c, Tensor* dx, int wanted, int* found,
                                                Perf* perf) {
    return propose(handle, fits(*dx, *w, *c, *dy), dx->sizes[0], wanted, found, perf);
}

int cudnnGetConvolutionBackwardFilterAlgorithm_v7(Handle* handle, Tensor* x, Tensor* dy, Convolution* c, Filter* dw, int wanted, int* found,
                                                  Perf* perf) {
    return propose(handle, fits(*x, *dw, *c, *dy), x->sizes[0], wanted, found, perf);
}

int cudnnGetConvolutionForwardWorkspaceSize(Handle* handle, Tensor* x, Filter* w, Convolution* c, Tensor* y, int algorithm, size_t* bytes) {
    return workspace(handle, fits(*x, *w, *c, *y), algorithm, FORWARD, bytes);
}

int cudnnGetConvolutionBackwardDataWorkspaceSize(Handle* handle, Filter* w, Tensor* dy, Convolution* c, Tensor* dx, int algorithm,
                                                 size_t* bytes) {
    return workspace(handle, fits(*dx, *w, *c, *dy), algorithm, DATA, bytes);
}

int cudnnGetConvolutionBackwardFilterWorkspaceSize(Handle* handle, Tensor* x, Tensor* dy, Convolution* c, Filter* dw, int algorithm,
                                                   size_t* bytes) {
    return workspace(handle, fits(*x, *dw, *c, *dy), algorithm, FILTER, bytes);
}

int cudnnConvolutionForward(Handle* handle, const float* alpha, Tensor* lx, const void* x, Filter* lw, const void* w, Convolution* c,
                            int algorithm, void* passing, size_t bytes, const float* beta, Tensor* ly, void* y) {
    if (!ready(handle, fits(*lx, *lw, *c, *ly), alpha, beta, algorithm, FORWARD, passing, bytes)) return BAD_PARAM;
    Sums sums(elements(ly->sizes));
    each_place(*lx, *lw, *c, *ly, [&](const int* out, const int* tap, const int* in) {
        for (int n = 0; n < lx->sizes[0]; n++)
            for (int o = 0; o < lw->sizes[0]; o++)
                for (int i = 0; i < lw->sizes[1]; i++) {
                    const double a = get(x, lx->type, lx->at(n, i, in));
                    sums.values[ly->at(n, o, out)] += a * get(w, lw->type, lw->at(o, i, tap));
                }
    });
    sums.store(y, ly->type);
    return SUCCESS;
}

int cudnnConvolutionBackwardData(Handle* handle, const float* alpha, Filter* lw, const void* w, Tensor* ly, const void* dy, Convolution* c,
                                 int algorithm, void* passing, size_t bytes, const float* beta, Tensor* lx, void* dx) {
    if (!ready(handle, fits(*lx, *lw, *c, *ly), alpha, beta, algorithm, DATA, passing, bytes)) return BAD_PARAM;
    Sums sums(elements(lx->sizes));
    each_place(*lx, *lw, *c, *ly, [&](const int* out, const int* tap, const int* in) {
        for (int n = 0; n < lx->sizes[0]; n++)
            for (int o = 0; o < lw->sizes[0]; o++)
                for (int i = 0; i < lw->sizes[1]; i++) {
                    const double a = get(dy, ly->type, ly->at(n, o, out));
                    sums.values[lx->at(n, i, in)] += a * get(w, lw->type, lw->at(o, i, tap));
                }
    });
    sums.store(dx, lx->type);
    return SUCCESS;
}

int cudnnConvolutionBackwardFilter(Handle* handle, const float* alpha, Tensor* lx, const void* x, Tensor* ly, const void* dy,
                                   Convolution* c, int algorithm, void* passing, size_t bytes, const float* beta, Filter* lw, void* dw) {
    if (!ready(handle, fits(*lx, *lw, *c, *ly), alpha, beta, algorithm, FILTER, passing, bytes)) return BAD_PARAM;
    Sums sums(elements(lw->sizes));
    each_place(*lx, *lw, *c, *ly, [&](const int* out, const int* tap, const int* in) {
        for (int n = 0; n < lx->sizes[0]; n++)
            for (int o = 0; o < lw->sizes[0]; o++)
                for (int i = 0; i < lw->sizes[1]; i++) {
                    const double a = get(dy, ly->type, ly->at(n, o, out));
                    sums.values[lw->at(o, i, tap)] += a * get(x, lx->type, lx->at(n, i, in));
                }
    });
    sums.store(dw, lw->type);
    return SUCCESS;
}

}
