// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include "softmax.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../../lab/lab.h"

namespace kn::lab {
namespace {
using Row = std::vector<double>;

Row row_of(const Row& all, int64_t row, int64_t columns) { return Row(all.begin() + row * columns, all.begin() + (row + 1) * columns); }

double log_sum(const Row& x) {
    const double top = *std::max_element(x.begin(), x.end());
    double sum = 0;
    for (double v : x) sum += std::exp(v - top);
    return top + std::log(sum);
}

/// expf(x) is off by what x is off by: logits of this deviation are subtracted from their maximum first.
constexpr double LOGITS = 3;
/// A loss is one number, whose last few roundings do not average out: by chance variant 1's may cancel, and the others' need not.
constexpr double ONE_NUMBER = 2 * 0x1p-24;

void add_forward(Lab& lab, int64_t rows, int64_t columns, kn_dtype dtype) {
    Case c("softmax.forward", dtype, {{"rows", rows}, {"columns", columns}});
    c.variants = softmax::ROW_VARIANTS;
    c.inputs = {{dtype, rows * columns, LOGITS}};
    c.outputs = {{dtype, rows * columns}};
    c.reduction = columns;
    c.condition = LOGITS;
    c.bytes = 2.0 * static_cast<double>(rows * columns * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return softmax::forward(variant, call.out[0], call.in[0], rows, columns, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t r = 0; r < rows; ++r) {
            const double log = log_sum(row_of(in[0], r, columns));
            for (int64_t i = r * columns; i < (r + 1) * columns; ++i) {
                out[0][static_cast<size_t>(i)] = std::exp(in[0][static_cast<size_t>(i)] - log);
            }
        }
    };
    lab.add(std::move(c));
}

void add_gradient(Lab& lab, int64_t rows, int64_t columns, kn_dtype dtype) {
    Case c("softmax.gradient", dtype, {{"rows", rows}, {"columns", columns}});
    c.variants = softmax::ROW_VARIANTS;
    const auto shares = [=](std::vector<double>& v) {
        for (double& x : v) x = std::fabs(x) / static_cast<double>(columns);
    };
    c.inputs = {{dtype, rows * columns}, {dtype, rows * columns, 1, 2, shares}};
    c.outputs = {{dtype, rows * columns}};
    c.reduction = columns;
    c.bytes = 3.0 * static_cast<double>(rows * columns * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return softmax::gradient(variant, call.out[0], call.in[0], call.in[1], rows, columns, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t r = 0; r < rows; ++r) {
            const Row dy = row_of(in[0], r, columns), y = row_of(in[1], r, columns);
            const double dot = std::inner_product(dy.begin(), dy.end(), y.begin(), 0.0);
            for (size_t i = 0; i < y.size(); ++i) out[0][static_cast<size_t>(r * columns) + i] = y[i] * (dy[i] - dot);
        }
    };
    lab.add(std::move(c));
}

/// Class 1 is ignored where `ignoring`, every row where `all`.
struct Labelled {
    int64_t rows, columns;
    double smoothing;
    bool ignoring, all;

    int32_t ignored() const { return ignoring || all ? 1 : -100; }
    Input labels() const {
        return {KN_I32, rows, 1, columns, [a = all](std::vector<double>& v) { if (a) std::fill(v.begin(), v.end(), 1); }};
    }
    double target(double label, int64_t c) const {
        return (static_cast<int64_t>(label) == c ? 1 - smoothing : 0) + smoothing / static_cast<double>(columns);
    }
    double counted(const Row& labels) const {
        return static_cast<double>(std::count_if(labels.begin(), labels.end(), [&](double l) { return l != ignored(); }));
    }
    std::vector<std::pair<const char*, int64_t>> sizes() const {
        return {{"rows", rows}, {"columns", columns}, {"smoothing%", static_cast<int64_t>(100 * smoothing)}, {"ignoring", ignoring},
                {"all", all}};
    }
};

void add_cross_entropy(Lab& lab, const Labelled& l, kn_dtype dtype) {
    Case c("softmax.cross_entropy", dtype, l.sizes());
    c.variants = softmax::ROW_VARIANTS;
    c.inputs = {{dtype, l.rows * l.columns, LOGITS}, l.labels()};
    c.outputs = {{KN_F32, 1}};
    c.workspace = kn_softmax_cross_entropy_workspace(l.rows);
    c.reduction = l.columns + l.rows;
    c.tolerance = ONE_NUMBER;
    c.condition = LOGITS;
    c.bytes = static_cast<double>(l.rows * l.columns * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return softmax::cross_entropy(variant, call.out[0], call.in[0], {0, call.in[1], l.ignored(), l.smoothing}, l.rows, l.columns, dtype,
                                      call.workspace, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t r = 0; r < l.rows; ++r) {
            const double label = in[1][static_cast<size_t>(r)];
            if (label == l.ignored()) continue;
            const Row x = row_of(in[0], r, l.columns);
            const double log = log_sum(x);
            for (size_t i = 0; i < x.size(); ++i) out[0][0] += l.target(label, static_cast<int64_t>(i)) * (log - x[i]) / l.counted(in[1]);
        }
    };
    lab.add(std::move(c));
}

void add_cross_entropy_gradient(Lab& lab, const Labelled& l, kn_dtype dtype) {
    Case c("softmax.cross_entropy_gradient", dtype, l.sizes());
    c.variants = softmax::ROW_VARIANTS;
    c.inputs = {{dtype, l.rows * l.columns, LOGITS}, l.labels(), {KN_F32, 1}};
    c.outputs = {{dtype, l.rows * l.columns}};
    c.workspace = kn_softmax_cross_entropy_gradient_workspace(l.rows);
    c.reduction = l.columns;
    c.condition = LOGITS;
    c.bytes = 2.0 * static_cast<double>(l.rows * l.columns * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return softmax::cross_entropy_gradient(variant, call.out[0], call.in[2], call.in[0], {0, call.in[1], l.ignored(), l.smoothing},
                                               l.rows, l.columns, dtype, call.workspace, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t r = 0; r < l.rows; ++r) {
            const double label = in[1][static_cast<size_t>(r)];
            if (label == l.ignored()) continue;
            const Row x = row_of(in[0], r, l.columns);
            const double log = log_sum(x);
            for (size_t i = 0; i < x.size(); ++i) {
                out[0][static_cast<size_t>(r * l.columns) + i] =
                    in[2][0] * (std::exp(x[i] - log) - l.target(label, static_cast<int64_t>(i))) / l.counted(in[1]);
            }
        }
    };
    lab.add(std::move(c));
}

/// A label that is none: the fault word says which, the loss and the row's gradient are NaN and not looked at.
void add_fault(Lab& lab, int64_t wrong, bool gradient) {
    const int64_t rows = 4, columns = 5;
    Case c(gradient ? "softmax.cross_entropy_gradient of a wrong label" : "softmax.cross_entropy of a wrong label", KN_F32,
           {{"wrong", wrong}});
    c.variants = softmax::ROW_VARIANTS;
    c.inputs = {{KN_F32, rows * columns}, {KN_I32, rows, 1, columns, [=](std::vector<double>& v) { v[2] = static_cast<double>(wrong); }},
                {KN_I64, 1, 1, 1}, {KN_F32, 1}};
    c.outputs = {{KN_I64, 1, 2}};
    c.workspace = 16 * rows * columns;
    c.run = [=](int variant, const Call& call) {
        const softmax::Labels labels{call.out[0], call.in[1], -100, 0.1};
        const kn_dptr to = call.workspace + 8 * rows * columns;
        return gradient ? softmax::cross_entropy_gradient(variant, to, call.in[3], call.in[0], labels, rows, columns, KN_F32,
                                                          call.workspace, call.stream)
                        : softmax::cross_entropy(variant, to, call.in[0], labels, rows, columns, KN_F32, call.workspace, call.stream);
    };
    c.oracle = [=](const Values&, Values& out) { out[0][0] = 0x1p32 + static_cast<double>(static_cast<uint32_t>(wrong)); };
    lab.add(std::move(c));
}

void add_mean(Lab& lab, int what, int64_t n, kn_dtype dtype) {
    Case c(what == softmax::MEAN_BINARY ? "softmax.binary_cross_entropy" : "softmax.squared_error", dtype, {{"n", n}});
    c.variants = softmax::MEAN_VARIANTS;
    const auto squashed = [](std::vector<double>& v) { for (double& x : v) x = 1 / (1 + std::exp(-x)); };
    c.inputs = {{dtype, n, LOGITS}, {dtype, n, 1, 2, squashed}};
    c.outputs = {{KN_F32, 1}};
    c.workspace = kn_softmax_mean_workspace(n);
    c.reduction = n;
    c.tolerance = ONE_NUMBER;
    c.condition = LOGITS;
    c.bytes = 2.0 * static_cast<double>(n * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return softmax::mean(variant, call.out[0], call.in[0], call.in[1], n, what, dtype, call.workspace, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (size_t i = 0; i < in[0].size(); ++i) {
            const double a = in[0][i], b = in[1][i];
            const double binary = std::max(a, 0.0) - a * b + std::log1p(std::exp(-std::fabs(a)));
            out[0][0] += (what == softmax::MEAN_SQUARES ? (a - b) * (a - b) : binary) / static_cast<double>(n);
        }
    };
    lab.add(std::move(c));
}

void add_binary_gradient(Lab& lab, int64_t n, kn_dtype dtype) {
    Case c("softmax.binary_cross_entropy_gradient", dtype, {{"n", n}});
    c.variants = softmax::MEAN_VARIANTS;
    c.inputs = {{dtype, n, LOGITS}, {dtype, n}, {KN_F32, 1}};
    c.outputs = {{dtype, n}};
    c.condition = LOGITS;
    c.bytes = 3.0 * static_cast<double>(n * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return softmax::binary_gradient(variant, call.out[0], call.in[2], call.in[0], call.in[1], n, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (size_t i = 0; i < in[0].size(); ++i) {
            out[0][i] = in[2][0] * (1 / (1 + std::exp(-in[0][i])) - in[1][i]) / static_cast<double>(n);
        }
    };
    lab.add(std::move(c));
}
}  // namespace

void register_softmax(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (int64_t columns : {int64_t{1}, int64_t{17}, int64_t{64}, int64_t{300}}) {
            add_forward(lab, 5, columns, dtype);
            add_gradient(lab, 5, columns, dtype);
        }
        for (double smoothing : {0.0, 0.1}) {
            for (int64_t columns : {int64_t{2}, int64_t{17}, int64_t{264}}) {
                add_cross_entropy(lab, {9, columns, smoothing, columns == 17, false}, dtype);
                add_cross_entropy_gradient(lab, {9, columns, smoothing, columns == 17, false}, dtype);
            }
        }
        add_cross_entropy(lab, {3, 5, 0, true, true}, dtype);
        add_cross_entropy_gradient(lab, {3, 5, 0, true, true}, dtype);
        for (int64_t n : {int64_t{1}, int64_t{4096 + 13}}) {
            add_mean(lab, softmax::MEAN_BINARY, n, dtype);
            add_mean(lab, softmax::MEAN_SQUARES, n, dtype);
            add_binary_gradient(lab, n, dtype);
        }
    }
    for (int64_t wrong : {int64_t{-1}, int64_t{5}}) {
        add_fault(lab, wrong, false);
        add_fault(lab, wrong, true);
    }
    lab.full_size([](Lab& l) {
        for (kn_dtype dtype : {KN_F32, KN_BF16}) {
            add_forward(l, 32 * 12 * 512, 512, dtype);
            add_cross_entropy(l, {4096, 400, 0, false, false}, dtype);
            add_cross_entropy_gradient(l, {4096, 400, 0, false, false}, dtype);
            add_cross_entropy(l, {8192, 50257, 0, false, false}, dtype);
            add_cross_entropy_gradient(l, {8192, 50257, 0, false, false}, dtype);
            add_mean(l, softmax::MEAN_SQUARES, 32 * 1024 * 1024, dtype);
        }
    });
}
}  // namespace kn::lab
