// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include <algorithm>
#include <cmath>

#include "../../lab/lab.h"
#include "batchnorm.h"

namespace kn::lab {
namespace {
constexpr float EPSILON = 1e-5f;

struct Sizes {
    int64_t rows, channels;
};

/// Means far from 0 against the deviation, where careless statistics cancel.
void move(std::vector<double>& values) {
    for (double& v : values) v = 0.5 * v + 3;
}
void positive(std::vector<double>& values) {
    for (double& v : values) v = 0.5 + std::fabs(v);
}

size_t at(int64_t i) { return static_cast<size_t>(i); }

/// What follows batch norm in its kernel.
struct Finish {
    bool residual, relu;
};
std::string name_of(const Finish& f) { return std::string(f.residual ? " + residual" : "") + (f.relu ? ", relu" : ""); }

/// In: x, gamma, beta, and the residual last.
void normalize(const Values& in, const std::vector<double>& mean, const std::vector<double>& variance, const Finish& finish,
               std::vector<double>& y) {
    for (size_t i = 0; i < y.size(); ++i) {
        const size_t c = i % mean.size();
        const double residual = finish.residual ? in.back()[i] : 0;
        const double v = (in[0][i] - mean[c]) / std::sqrt(variance[c] + EPSILON) * in[1][c] + in[2][c] + residual;
        y[i] = finish.relu && v < 0 ? 0 : v;
    }
}

Case plain_case(const char* name, const Sizes& s, kn_dtype dtype) {
    Case c(std::string("batchnorm.") + name, dtype, {{"rows", s.rows}, {"channels", s.channels}});
    c.variants = batchnorm::VARIANTS;
    c.reduction = s.rows;
    for (int variant = 2; variant <= c.variants; ++variant) {
        c.workspace = std::max(c.workspace, batchnorm::workspace(variant, s.rows, s.channels, dtype));  // -1 where it does not take them
    }
    return c;
}

void add_forward(Lab& lab, const Sizes& s, const Finish& finish, kn_dtype dtype) {
    Case c = plain_case(("forward" + name_of(finish)).c_str(), s, dtype);
    c.condition = 8;  // mean / deviation
    c.inputs = {{dtype, s.rows * s.channels, 1, 2, move}, {KN_F32, s.channels}, {KN_F32, s.channels}};
    if (finish.residual) c.inputs.push_back({dtype, s.rows * s.channels});
    c.outputs = {{dtype, s.rows * s.channels}, {KN_F32, s.channels}, {KN_F32, s.channels}};
    c.bytes = (finish.residual ? 4.0 : 3.0) * static_cast<double>(s.rows * s.channels * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return batchnorm::forward(variant, call.out[0], call.out[1], call.out[2], call.in[0], call.in[1], call.in[2],
                                  finish.residual ? call.in[3] : 0, s.rows, s.channels, EPSILON, finish.relu, dtype, call.workspace,
                                  call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        const double rows = static_cast<double>(s.rows);
        std::vector<double>&mean = out[1], &variance = out[2];
        for (size_t i = 0; i < in[0].size(); ++i) mean[i % mean.size()] += in[0][i] / rows;
        for (size_t i = 0; i < in[0].size(); ++i) variance[i % mean.size()] += std::pow(in[0][i] - mean[i % mean.size()], 2) / rows;
        normalize(in, mean, variance, finish, out[0]);
    };
    lab.add(std::move(c));
}

void add_inference(Lab& lab, const Sizes& s, const Finish& finish, kn_dtype dtype) {
    Case c = plain_case(("inference" + name_of(finish)).c_str(), s, dtype);
    c.reduction = 1;
    c.condition = 2;
    c.inputs = {{dtype, s.rows * s.channels}, {KN_F32, s.channels}, {KN_F32, s.channels}, {KN_F32, s.channels},
                {KN_F32, s.channels, 1, 2, positive}};
    if (finish.residual) c.inputs.push_back({dtype, s.rows * s.channels});
    c.outputs = {{dtype, s.rows * s.channels}};
    c.bytes = (finish.residual ? 3.0 : 2.0) * static_cast<double>(s.rows * s.channels * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return batchnorm::inference(variant, call.out[0], call.in[0], call.in[1], call.in[2], call.in[3], call.in[4],
                                    finish.residual ? call.in[5] : 0, s.rows, s.channels, EPSILON, finish.relu, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) { normalize(in, in[3], in[4], finish, out[0]); };
    lab.add(std::move(c));
}

/// What the gradient is taken of, and where it is put.
struct Form {
    bool batch = true, rectified = false, in_place = false;
};
std::string name_of(const Form& f) {
    return std::string(f.batch ? "" : " of constants") + (f.rectified ? " through relu" : "") + (f.in_place ? " in place" : "");
}

/// In: dy, x, gamma, mean, variance, beta. Out: dx, dgamma, dbeta.
void differentiate(const Sizes& s, const Form& form, const Values& in, Values& out) {
    const double rows = static_cast<double>(s.rows);
    for (int pass = 0; pass < 2; ++pass) {
        for (int64_t i = 0; i < s.rows * s.channels; ++i) {
            const size_t c = at(i % s.channels);
            const double inverse = 1 / std::sqrt(in[4][c] + EPSILON), z = (in[1][at(i)] - in[3][c]) * inverse;
            const double dy = form.rectified && z * in[2][c] + in[5][c] <= 0 ? 0 : in[0][at(i)];
            if (pass == 0) {
                out[1][c] += dy * z;
                out[2][c] += dy;
            } else {
                out[0][at(i)] = in[2][c] * inverse * (dy - (form.batch ? (out[2][c] + z * out[1][c]) / rows : 0));
            }
        }
    }
}

void add_gradient(Lab& lab, const Sizes& s, const Form& form, kn_dtype dtype) {
    Case c = plain_case(("gradient" + name_of(form)).c_str(), s, dtype);
    c.condition = 2 * std::sqrt(static_cast<double>(s.rows));  // sums of terms of either sign
    c.inputs = {{dtype, s.rows * s.channels}, {dtype, s.rows * s.channels}, {KN_F32, s.channels}, {KN_F32, s.channels},
                {KN_F32, s.channels, 1, 2, positive}, {KN_F32, s.channels}};
    c.outputs = {{dtype, s.rows * s.channels, form.in_place ? 0 : -1}, {KN_F32, s.channels}, {KN_F32, s.channels}};
    c.bytes = 5.0 * static_cast<double>(s.rows * s.channels * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return batchnorm::gradient(variant, call.out[0], call.out[1], call.out[2], form.in_place ? call.out[0] : call.in[0],
                                   call.in[1], call.in[2], form.rectified ? call.in[5] : 0, call.in[3], call.in[4], s.rows, s.channels,
                                   EPSILON, form.batch, dtype, call.workspace, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) { differentiate(s, form, in, out); };
    lab.add(std::move(c));
}

void add_fold(Lab& lab, int64_t channels, int64_t row) {
    Case c("batchnorm.fold", KN_F32, {{"channels", channels}, {"row", row}});
    c.condition = 2;
    c.inputs = {{KN_F32, channels * row}, {KN_F32, channels}, {KN_F32, channels}, {KN_F32, channels},
                {KN_F32, channels, 1, 2, positive}};
    c.outputs = {{KN_F32, channels * row}, {KN_F32, channels}};
    c.run = [=](int, const Call& call) {
        return kn_batchnorm_fold(call.out[0], call.out[1], call.in[0], call.in[1], call.in[2], call.in[3], call.in[4], channels, row,
                                 EPSILON, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t i = 0; i < channels * row; ++i) {
            const size_t o = at(i / row);
            const double scale = in[1][o] / std::sqrt(in[4][o] + EPSILON);
            out[0][at(i)] = in[0][at(i)] * scale;
            out[1][o] = in[2][o] - in[3][o] * scale;
        }
    };
    lab.add(std::move(c));
}
}  // namespace

void register_batchnorm(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        // one row; ragged; several tiles; several parts, with a ragged last one
        for (const Sizes& s : {Sizes{1, 3}, Sizes{37, 17}, Sizes{35, 32}, Sizes{50, 288}, Sizes{3001, 16}, Sizes{1030, 72}}) {
            add_forward(lab, s, {false, false}, dtype);
            add_inference(lab, s, {false, false}, dtype);
            add_gradient(lab, s, {}, dtype);
        }
        for (const Sizes& s : {Sizes{37, 17}, Sizes{130, 40}}) {
            for (const Finish& finish : {Finish{false, true}, Finish{true, false}, Finish{true, true}}) {
                add_forward(lab, s, finish, dtype);
                add_inference(lab, s, finish, dtype);
            }
            add_gradient(lab, s, {false, false, false}, dtype);
            add_gradient(lab, s, {true, true, false}, dtype);
            add_gradient(lab, s, {true, false, true}, dtype);
            add_gradient(lab, s, {false, true, true}, dtype);
        }
    }
    add_fold(lab, 5, 27);
    add_fold(lab, 64, 64);
    // Slow-D at 8 clips: the stem, the widest of each stage
    lab.full_size([](Lab& l) {
        for (const Sizes& s : {Sizes{802816, 64}, Sizes{200704, 256}, Sizes{50176, 512}, Sizes{12544, 1024}, Sizes{3136, 2048}}) {
            add_forward(l, s, {false, true}, KN_BF16);
            add_forward(l, s, {true, true}, KN_BF16);
            add_inference(l, s, {true, true}, KN_BF16);
            add_gradient(l, s, {}, KN_BF16);
            add_gradient(l, s, {true, true, false}, KN_BF16);
        }
    });
}
}  // namespace kn::lab
