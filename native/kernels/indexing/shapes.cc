// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include "indexing.h"

#include <algorithm>

#include "../../lab/lab.h"

namespace kn::lab {
namespace {
double bytes_of(int64_t elements, kn_dtype dtype) { return static_cast<double>(elements * size_of(dtype)); }

size_t at(int64_t i) { return static_cast<size_t>(i); }

void add_gather(Lab& lab, int64_t outer, int64_t size, int64_t inner, int64_t count, kn_dtype dtype) {
    Case c("indexing.gather", dtype, {{"outer", outer}, {"size", size}, {"inner", inner}, {"count", count}});
    c.variants = indexing::VARIANTS;
    c.inputs = {{dtype, outer * size * inner}, {KN_I32, count, 1, size}};
    c.outputs = {{dtype, outer * count * inner}};
    c.bytes = 2 * bytes_of(outer * count * inner, dtype);
    c.run = [=](int variant, const Call& call) {
        return indexing::gather(variant, call.out[0], 0, call.in[0], call.in[1], outer, size, inner, count, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t i = 0; i < outer * count * inner; ++i) {
            const int64_t index = static_cast<int64_t>(in[1][at(i / inner % count)]);
            out[0][at(i)] = in[0][at((i / inner / count * size + index) * inner + i % inner)];
        }
    };
    lab.add(std::move(c));
}

/// All indices valid but one, which must be said in the fault word; the outputs of a gather are not looked at then.
void add_fault(Lab& lab, int64_t wrong, bool scatter) {
    const int64_t size = 5, count = 9;
    Case c(scatter ? "indexing.scatter_add of a wrong index" : "indexing.gather of a wrong index", KN_F32, {{"wrong", wrong}});
    c.variants = scatter ? indexing::SCATTER_VARIANTS : 1;
    c.inputs = {{KN_F32, scatter ? count : size},
                {KN_I32, count, 1, size, [=](std::vector<double>& v) { v[3] = static_cast<double>(wrong); }},
                {KN_I64, 1, 1, 1}};
    c.outputs = {{KN_I64, 1, 2}};
    if (scatter) c.outputs.push_back({KN_F32, size});
    c.workspace = scatter ? kn_indexing_scatter_add_workspace(1, size, 1, count) : 4 * count;
    c.reduction = count;
    c.run = [=](int variant, const Call& call) {
        return scatter ? indexing::scatter_add(variant, call.out[1], call.out[0], call.in[0], call.in[1], 1, size, 1, count, KN_F32,
                                               call.workspace, call.stream)
                       : indexing::gather(variant, call.workspace, call.out[0], call.in[0], call.in[1], 1, size, 1, count, KN_F32,
                                          call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        out[0][0] = 0x1p32 + static_cast<double>(static_cast<uint32_t>(wrong));
        for (int64_t i = 0; scatter && i < count; ++i) {
            const double index = in[1][at(i)];
            if (index >= 0 && index < size) out[1][at(static_cast<int64_t>(index))] += in[0][at(i)];
        }
    };
    lab.add(std::move(c));
}

void add_scatter(Lab& lab, int64_t outer, int64_t size, int64_t inner, int64_t count, int64_t limit, kn_dtype dtype) {
    Case c("indexing.scatter_add", dtype, {{"outer", outer}, {"size", size}, {"inner", inner}, {"count", count}, {"limit", limit}});
    c.variants = indexing::SCATTER_VARIANTS;
    c.inputs = {{dtype, outer * count * inner}, {KN_I32, count, 1, limit}};
    c.outputs = {{KN_F32, outer * size * inner}};
    c.workspace = kn_indexing_scatter_add_workspace(outer, size, inner, count);
    c.reduction = std::max<int64_t>(1, count / limit);
    c.bytes = bytes_of(outer * count * inner, dtype) + bytes_of(outer * size * inner, KN_F32);
    c.run = [=](int variant, const Call& call) {
        return indexing::scatter_add(variant, call.out[0], 0, call.in[0], call.in[1], outer, size, inner, count, dtype, call.workspace,
                                     call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t i = 0; i < outer * count * inner; ++i) {
            const int64_t index = static_cast<int64_t>(in[1][at(i / inner % count)]);
            out[0][at((i / inner / count * size + index) * inner + i % inner)] += in[0][at(i)];
        }
    };
    lab.add(std::move(c));
}

void add_window(Lab& lab, int64_t rows, int64_t y_width, int64_t x_width, int64_t start, kn_dtype dtype) {
    Case c("indexing.window", dtype, {{"rows", rows}, {"y", y_width}, {"x", x_width}, {"start", start}});
    c.variants = indexing::VARIANTS;
    c.inputs = {{dtype, rows * x_width}};
    c.outputs = {{dtype, rows * y_width}};
    c.bytes = bytes_of(rows * (y_width + std::min(x_width, y_width)), dtype);
    c.run = [=](int variant, const Call& call) {
        return indexing::window(variant, call.out[0], call.in[0], rows, y_width, x_width, start, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t i = 0; i < rows * y_width; ++i) {
            const int64_t from = i % y_width + start;
            if (from >= 0 && from < x_width) out[0][at(i)] = in[0][at(i / y_width * x_width + from)];
        }
    };
    lab.add(std::move(c));
}

void add_insert(Lab& lab, int64_t rows, int64_t y_width, int64_t x_width, int64_t start, kn_dtype dtype) {
    Case c("indexing.insert", dtype, {{"rows", rows}, {"y", y_width}, {"x", x_width}, {"start", start}});
    c.variants = indexing::VARIANTS;
    c.inputs = {{dtype, rows * x_width}, {dtype, rows * y_width}};
    c.outputs = {{dtype, rows * y_width, 1}};
    c.bytes = 2 * bytes_of(rows * x_width, dtype);
    c.run = [=](int variant, const Call& call) {
        return indexing::insert(variant, call.out[0], call.in[0], rows, y_width, x_width, start, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t i = 0; i < rows * x_width; ++i) out[0][at(i / x_width * y_width + start + i % x_width)] = in[0][at(i)];
    };
    lab.add(std::move(c));
}

void add_strided(Lab& lab, const char* what, const std::vector<int64_t>& sizes, const std::vector<int64_t>& steps, kn_dtype dtype) {
    int64_t n = 1, reach = 1;
    for (size_t a = 0; a < 6; ++a) {
        n *= sizes[a];
        reach += (sizes[a] - 1) * steps[a];
    }
    Case c("indexing.strided " + std::string(what), dtype, {{"n", n}});
    c.variants = indexing::STRIDED_VARIANTS;
    c.inputs = {{dtype, reach}};
    c.outputs = {{dtype, n}};
    c.bytes = bytes_of(n + reach, dtype);
    c.run = [=](int variant, const Call& call) {
        int64_t d[6], s[6];
        std::copy(sizes.begin(), sizes.end(), d);
        std::copy(steps.begin(), steps.end(), s);
        return indexing::strided(variant, call.out[0], call.in[0], d, s, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t i = 0; i < n; ++i) {
            int64_t rest = i, from = 0;
            for (size_t a = 6; a-- > 0;) {
                from += rest % sizes[a] * steps[a];
                rest /= sizes[a];
            }
            out[0][at(i)] = in[0][at(from)];
        }
    };
    lab.add(std::move(c));
}

void add_select(Lab& lab, int64_t n, int64_t run, int64_t period, kn_dtype dtype) {
    Case c("indexing.select", dtype, {{"n", n}, {"run", run}, {"period", period}});
    c.variants = indexing::VARIANTS;
    c.inputs = {{KN_U8, n / run, 1, 3}, {dtype, n}, {dtype, period}};
    c.outputs = {{dtype, n}};
    c.bytes = bytes_of(2 * n, dtype);
    c.run = [=](int variant, const Call& call) {
        return indexing::select(variant, call.out[0], call.in[0], call.in[1], call.in[2], n, run, period, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t i = 0; i < n; ++i) out[0][at(i)] = in[0][at(i / run)] != 0 ? in[1][at(i)] : in[2][at(i % period)];
    };
    lab.add(std::move(c));
}
}  // namespace

void register_indexing(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        add_gather(lab, 3, 5, 7, 11, dtype);
        add_gather(lab, 1, 7, 24, 30, dtype);
        add_scatter(lab, 2, 5, 3, 6, 5, dtype);
        add_scatter(lab, 1, 300, 9, 257, 300, dtype);
        add_scatter(lab, 1, 7, 5, 600, 2, dtype);
        add_window(lab, 5, 7, 17, 3, dtype);
        add_window(lab, 5, 17, 7, -4, dtype);
        add_window(lab, 3, 24, 40, 8, dtype);
        add_window(lab, 3, 40, 24, -8, dtype);
        add_insert(lab, 5, 17, 7, 4, dtype);
        add_insert(lab, 3, 40, 16, 24, dtype);
        add_strided(lab, "[5, 17] to [17, 5]", {1, 1, 1, 1, 17, 5}, {0, 0, 0, 0, 1, 17}, dtype);
        add_strided(lab, "[2, 70, 3, 40] to [2, 40, 3, 70]", {1, 1, 2, 40, 3, 70}, {0, 0, 70 * 120, 1, 40, 120}, dtype);
        add_strided(lab, "[2, 5, 3, 16] to [2, 3, 5, 16]", {1, 1, 2, 3, 5, 16}, {0, 0, 240, 16, 48, 1}, dtype);
        add_strided(lab, "[2, 3, 5, 4, 3, 8] to [4, 2, 3, 3, 5, 8]", {4, 2, 3, 3, 5, 8}, {24, 1440, 8, 480, 96, 1}, dtype);
        add_strided(lab, "[3, 5] repeated to [2, 3, 4, 5]", {1, 1, 2, 3, 4, 5}, {0, 0, 0, 5, 0, 1}, dtype);
        add_strided(lab, "[1] repeated to [40]", {1, 1, 1, 1, 1, 40}, {0, 0, 0, 0, 0, 0}, dtype);
        add_strided(lab, "[3, 8] repeated to [3, 5, 8]", {1, 1, 1, 3, 5, 8}, {0, 0, 0, 8, 0, 1}, dtype);
        add_select(lab, 60, 5, 20, dtype);
        add_select(lab, 320, 32, 320, dtype);
        add_select(lab, 320, 64, 32, dtype);
        // counted in 64 bits, by 16 bytes too
        add_gather(lab, 2, 9, 40, 500, dtype);
        add_window(lab, 600, 40, 56, 8, dtype);
        add_insert(lab, 600, 56, 16, 24, dtype);
        add_strided(lab, "[8, 60, 80] to [60, 8, 80]", {1, 1, 1, 60, 8, 80}, {0, 0, 0, 80, 4800, 1}, dtype);
        add_select(lab, 33600, 32, 320, dtype);
    }
    for (int64_t wrong : {int64_t{-1}, int64_t{5}}) {
        add_fault(lab, wrong, false);
        add_fault(lab, wrong, true);
    }
    lab.full_size([](Lab& l) {
        for (kn_dtype dtype : {KN_F32, KN_BF16}) {
            add_gather(l, 1, 50257, 768, 8192, dtype);
            add_scatter(l, 1, 50257, 768, 8192, 50257, dtype);
            add_strided(l, "[4096, 4096] to its transpose", {1, 1, 1, 1, 4096, 4096}, {0, 0, 0, 0, 1, 4096}, dtype);
            add_strided(l, "[32, 512, 12, 64] to [32, 12, 512, 64]", {1, 1, 32, 12, 512, 64}, {0, 0, 512 * 768, 64, 768, 1}, dtype);
        }
    });
}
}  // namespace kn::lab
