// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include <algorithm>
#include <cmath>

#include "../../lab/lab.h"
#include "layernorm.h"

namespace kn::lab {
namespace {
constexpr float EPSILON = 1e-5f;

struct Sizes {
    int64_t rows, width;
};

/// Means far from 0 against the deviation, where careless statistics cancel.
void move(std::vector<double>& values) {
    for (double& v : values) v = 0.5 * v + 3;
}
void positive(std::vector<double>& values) {
    for (double& v : values) v = 0.5 + std::fabs(v);
}

/// In: x, gamma, beta. Out: y, mean, variance.
void normalize(const Sizes& s, const Values& in, Values& out) {
    const size_t width = static_cast<size_t>(s.width);
    for (size_t r = 0; r < static_cast<size_t>(s.rows); ++r) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < width; ++i) mean += in[0][r * width + i] / static_cast<double>(width);
        for (size_t i = 0; i < width; ++i) variance += std::pow(in[0][r * width + i] - mean, 2) / static_cast<double>(width);
        for (size_t i = 0; i < width; ++i) {
            out[0][r * width + i] = (in[0][r * width + i] - mean) / std::sqrt(variance + EPSILON) * in[1][i] + in[2][i];
        }
        out[1][r] = mean;
        out[2][r] = variance;
    }
}

/// In: dy, x, gamma, mean, variance. Out: dx, dgamma, dbeta.
void differentiate(const Sizes& s, const Values& in, Values& out) {
    const size_t width = static_cast<size_t>(s.width);
    for (size_t r = 0; r < static_cast<size_t>(s.rows); ++r) {
        const double inverse = 1 / std::sqrt(in[4][r] + EPSILON);
        double level = 0, slope = 0;
        for (size_t i = 0; i < width; ++i) {
            const double dy = in[0][r * width + i], z = (in[1][r * width + i] - in[3][r]) * inverse;
            level += dy * in[2][i] / static_cast<double>(width);
            slope += dy * in[2][i] * z / static_cast<double>(width);
            out[1][i] += dy * z;
            out[2][i] += dy;
        }
        for (size_t i = 0; i < width; ++i) {
            const double z = (in[1][r * width + i] - in[3][r]) * inverse;
            out[0][r * width + i] = (in[0][r * width + i] * in[2][i] - level - z * slope) * inverse;
        }
    }
}

void add_forward(Lab& lab, const Sizes& s, kn_dtype y_dtype, kn_dtype dtype) {
    Case c(y_dtype == dtype ? "layernorm.forward" : "layernorm.forward to bf16", dtype, {{"rows", s.rows}, {"width", s.width}});
    c.variants = layernorm::VARIANTS;
    c.reduction = s.width;
    c.condition = 8;  // mean / deviation
    c.inputs = {{dtype, s.rows * s.width, 1, 2, move}, {KN_F32, s.width}, {KN_F32, s.width}};
    c.outputs = {{y_dtype, s.rows * s.width}, {KN_F32, s.rows}, {KN_F32, s.rows}};
    c.bytes = static_cast<double>(s.rows * s.width * (size_of(dtype) + size_of(y_dtype)));
    c.run = [=](int variant, const Call& call) {
        return layernorm::forward(variant, call.out[0], call.out[1], call.out[2], call.in[0], call.in[1], call.in[2], s.rows, s.width,
                                  EPSILON, y_dtype, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) { normalize(s, in, out); };
    lab.add(std::move(c));
}

void add_gradient(Lab& lab, const Sizes& s, bool in_place, kn_dtype dtype) {
    Case c(in_place ? "layernorm.gradient in place" : "layernorm.gradient", dtype, {{"rows", s.rows}, {"width", s.width}});
    c.variants = layernorm::VARIANTS;
    c.reduction = std::max(s.rows, s.width);
    c.condition = 2 * std::sqrt(static_cast<double>(s.rows));  // sums down the rows of terms of either sign
    c.workspace = std::max(layernorm::workspace(2, s.rows, s.width, dtype), layernorm::workspace(3, s.rows, s.width, dtype));
    c.inputs = {{dtype, s.rows * s.width}, {dtype, s.rows * s.width}, {KN_F32, s.width}, {KN_F32, s.rows},
                {KN_F32, s.rows, 1, 2, positive}};
    c.outputs = {{dtype, s.rows * s.width, in_place ? 0 : -1}, {KN_F32, s.width}, {KN_F32, s.width}};
    c.bytes = 5.0 * static_cast<double>(s.rows * s.width * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return layernorm::gradient(variant, call.out[0], call.out[1], call.out[2], in_place ? call.out[0] : call.in[0], call.in[1],
                                   call.in[2], call.in[3], call.in[4], s.rows, s.width, EPSILON, dtype, call.workspace, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) { differentiate(s, in, out); };
    lab.add(std::move(c));
}
}  // namespace

void register_layernorm(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        // rows that are ragged, short, of two packs a lane and of more, too long to be held; more rows than a block has warps
        for (const Sizes& s : {Sizes{1, 3}, Sizes{5, 17}, Sizes{19, 64}, Sizes{9, 264}, Sizes{3, 1000}, Sizes{2, 2056}}) {
            add_forward(lab, s, dtype, dtype);
            if (dtype == KN_F32) add_forward(lab, s, KN_BF16, dtype);
            add_gradient(lab, s, false, dtype);
        }
        add_gradient(lab, {300, 8}, false, dtype);  // several parts
        add_gradient(lab, {7, 64}, true, dtype);
        add_gradient(lab, {7, 33}, true, dtype);
    }
    // token sequences of TxE and of the mask-prediction network
    lab.full_size([](Lab& l) {
        for (const Sizes& s : {Sizes{10240, 1024}, Sizes{65536, 512}, Sizes{8192, 768}}) {
            add_forward(l, s, KN_BF16, KN_F32);
            add_gradient(l, s, false, KN_F32);
            add_forward(l, s, KN_BF16, KN_BF16);
            add_gradient(l, s, false, KN_BF16);
        }
    });
}
}  // namespace kn::lab
