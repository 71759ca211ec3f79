// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include "reduce.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../../lab/lab.h"

namespace kn::lab {
namespace {
void add_sum(Lab& lab, const reduce::Axes& axes, kn_dtype dtype) {
    const int64_t* d = axes.sizes;
    Case c("reduce.sum", dtype, {{"d0", d[0]}, {"d1", d[1]}, {"d2", d[2]}, {"d3", d[3]}, {"d4", d[4]}, {"d5", d[5]}, {"axes", axes.gone}});
    int64_t n = 1, results = 1;
    for (int a = 0; a < 6; ++a) {
        n *= d[a];
        if (!(axes.gone >> a & 1)) results *= d[a];
    }
    c.variants = reduce::VARIANTS;
    c.inputs = {{dtype, n}};
    c.outputs = {{KN_F32, results}};
    c.workspace = kn_reduce_sum_workspace(d[0], d[1], d[2], d[3], d[4], d[5], axes.gone);
    c.reduction = results == 0 ? 1 : std::max<int64_t>(1, n / results);
    c.bytes = static_cast<double>(n * size_of(dtype) + results * 4);
    c.run = [=](int variant, const Call& call) {
        return reduce::sum(variant, call.out[0], call.in[0], axes, 0.375f, dtype, call.workspace, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t i = 0; i < n; ++i) {
            int64_t rest = i, at = 0, step = 1;
            for (int a = 5; a >= 0; --a) {
                if (!(axes.gone >> a & 1)) {
                    at += rest % axes.sizes[a] * step;
                    step *= axes.sizes[a];
                }
                rest /= axes.sizes[a];
            }
            out[0][static_cast<size_t>(at)] += 0.375 * in[0][static_cast<size_t>(i)];
        }
    };
    lab.add(std::move(c));
}

/// dtypes: of each tensor.
void add_norm(Lab& lab, const std::vector<int64_t>& sizes, const std::vector<kn_dtype>& dtypes) {
    const int64_t n = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
    Case c("reduce.norm", dtypes[0], {{"tensors", static_cast<int64_t>(sizes.size())}, {"n", n}});
    const auto rows = [=](const std::vector<kn_dptr>& tensors) {
        std::vector<int64_t> all;
        for (size_t t = 0; t < sizes.size(); ++t) {
            all.push_back(static_cast<int64_t>(tensors[t]));
            all.push_back(dtypes[t % dtypes.size()]);
            all.push_back(sizes[t]);
        }
        return all;
    };
    c.variants = reduce::VARIANTS;
    for (size_t t = 0; t < sizes.size(); ++t) {
        c.inputs.push_back({dtypes[t % dtypes.size()], sizes[t]});
        c.bytes += static_cast<double>(sizes[t] * size_of(dtypes[t % dtypes.size()]));
    }
    c.outputs = {{KN_F32, 1}};
    c.reduction = std::max<int64_t>(1, n);
    c.workspace = kn_reduce_norm_workspace(rows(std::vector<kn_dptr>(sizes.size())).data(), static_cast<int64_t>(sizes.size()));
    c.run = [=](int variant, const Call& call) {
        return reduce::norm(variant, call.out[0], rows(call.in).data(), static_cast<int64_t>(sizes.size()), call.workspace, call.stream);
    };
    c.oracle = [](const Values& in, Values& out) {
        double squares = 0;
        for (const auto& tensor : in) squares += std::inner_product(tensor.begin(), tensor.end(), tensor.begin(), 0.0);
        out[0][0] = std::sqrt(squares);
    };
    lab.add(std::move(c));
}

void add_clip_factor(Lab& lab, double norm, float limit) {
    Case c(norm > limit ? "reduce.clip_factor above" : "reduce.clip_factor below", KN_F32, {});
    c.inputs = {{KN_F32, 1, 1, 2, [=](std::vector<double>& v) { v[0] = norm; }}};
    c.outputs = {{KN_F32, 1}};
    c.run = [=](int, const Call& call) { return kn_reduce_clip_factor(call.out[0], call.in[0], limit, call.stream); };
    c.oracle = [=](const Values& in, Values& out) { out[0][0] = std::min(1.0, limit / (in[0][0] + 1e-6)); };
    lab.add(std::move(c));
}
}  // namespace

void register_reduce(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        add_sum(lab, {{1, 1, 1, 3, 17, 5}, 0b001000}, dtype);
        add_sum(lab, {{1, 1, 1, 3, 17, 5}, 0b010000}, dtype);
        add_sum(lab, {{1, 1, 1, 3, 17, 5}, 0b100000}, dtype);
        add_sum(lab, {{1, 1, 1, 3, 17, 5}, 0b101000}, dtype);
        add_sum(lab, {{2, 3, 4, 3, 2, 5}, 0b010101}, dtype);
        add_sum(lab, {{2, 3, 4, 3, 2, 5}, 0b101010}, dtype);
        add_sum(lab, {{1, 1, 1, 3, 17, 5}, 0b111000}, dtype);
        add_sum(lab, {{1, 1, 1, 1, 4, 7}, 0}, dtype);
        // in parts, and in packs
        add_sum(lab, {{1, 1, 1, 1, 2, 12288 + 8}, 0b100000}, dtype);
        add_sum(lab, {{1, 1, 1, 1, 2, 8197}, 0b100000}, dtype);
        add_sum(lab, {{1, 1, 1, 1, 4, 1032}, 0b100000}, dtype);
        add_sum(lab, {{1, 1, 1, 1, 300, 264}, 0b010000}, dtype);
        add_sum(lab, {{1, 1, 1, 2, 200, 35}, 0b010000}, dtype);
    }
    add_sum(lab, {{1, 1, 1, 3, 0, 5}, 0b010000}, KN_F32);
    add_norm(lab, {1, 257, 8192 + 13, 0, 12}, {KN_F32});
    add_norm(lab, {1, 257, 8192 + 13, 0, 12}, {KN_BF16});
    add_norm(lab, std::vector<int64_t>(150, 5), {KN_F32, KN_BF16});
    add_clip_factor(lab, 3.5, 0.5f);
    add_clip_factor(lab, 3.5, 5.f);
    lab.full_size([](Lab& l) {
        for (kn_dtype dtype : {KN_F32, KN_BF16}) {
            add_sum(l, {{1, 1, 1, 1, 32 * 1024, 2048}, 0b010000}, dtype);
            add_sum(l, {{1, 1, 1, 1, 32 * 1024, 2048}, 0b100000}, dtype);
            add_sum(l, {{1, 1, 1, 1, 8, 16 * 56 * 56 * 64}, 0b110000}, dtype);
            add_norm(l, std::vector<int64_t>(54, 589824), {dtype});
        }
    });
}
}  // namespace kn::lab
