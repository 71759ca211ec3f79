// What goes to the device and comes back.
#include "values.h"

#include <cstring>

namespace kn::lab {
namespace {
uint16_t to_bf16_bits(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    if (x != x) return static_cast<uint16_t>(bits >> 16 | 0x40);
    return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

}  // namespace

void encode(const std::vector<double>& values, kn_dtype dtype, unsigned char* to) {
    for (size_t i = 0; i < values.size(); ++i) {
        const double v = values[i];
        switch (dtype) {
            case KN_F32: { const float f = static_cast<float>(v); std::memcpy(to + 4 * i, &f, 4); break; }
            case KN_BF16: { const uint16_t h = to_bf16_bits(static_cast<float>(v)); std::memcpy(to + 2 * i, &h, 2); break; }
            case KN_I32: { const int32_t n = static_cast<int32_t>(v); std::memcpy(to + 4 * i, &n, 4); break; }
            case KN_I64: { const int64_t n = static_cast<int64_t>(v); std::memcpy(to + 8 * i, &n, 8); break; }
            default: to[i] = static_cast<unsigned char>(v);
        }
    }
}

double Elements::operator[](int64_t i) const {
    switch (dtype_) {
        case KN_F32: { float f; std::memcpy(&f, bytes_ + 4 * i, 4); return f; }
        case KN_BF16: {
            uint16_t h;
            std::memcpy(&h, bytes_ + 2 * i, 2);
            const uint32_t bits = static_cast<uint32_t>(h) << 16;
            float f;
            std::memcpy(&f, &bits, 4);
            return f;
        }
        case KN_I32: { int32_t n; std::memcpy(&n, bytes_ + 4 * i, 4); return n; }
        case KN_I64: { int64_t n; std::memcpy(&n, bytes_ + 8 * i, 8); return static_cast<double>(n); }
        default: return bytes_[i];
    }
}

std::vector<double> decode(const unsigned char* from, kn_dtype dtype, int64_t count) {
    const Elements elements(from, dtype);
    std::vector<double> values(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) values[static_cast<size_t>(i)] = elements[i];
    return values;
}

Bytes draw(const Input& in, int64_t count, std::mt19937_64& random) {
    std::vector<double> values(static_cast<size_t>(count));
    std::normal_distribution<double> normal(0, in.deviation);
    std::uniform_int_distribution<int64_t> integer(0, in.limit - 1);
    const bool floating = in.dtype == KN_F32 || in.dtype == KN_BF16;
    for (double& v : values) v = floating ? normal(random) : static_cast<double>(integer(random));
    Bytes bytes(static_cast<size_t>(count * size_of(in.dtype)));
    encode(values, in.dtype, bytes.data());
    if (in.shape) {
        values = decode(bytes.data(), in.dtype, count);
        in.shape(values);
        encode(values, in.dtype, bytes.data());
    }
    return bytes;
}
}  // namespace kn::lab
