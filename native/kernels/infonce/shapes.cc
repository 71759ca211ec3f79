// The shapes on which the lab holds the family's variants against doubles, and against each other; those within a batch: batch_shapes.cc.
#include "cases.h"
#include "rows.h"

namespace kn::lab {
namespace {
using namespace infonce_oracles;

/// Rows of the same element everywhere.
Input rows_of(kn_dtype dtype, int64_t count, double element) {
    return {dtype, count, 1, 2, [element](std::vector<double>& x) { std::fill(x.begin(), x.end(), element); }};
}

void add_extras(Case& c, const Shape& s) {
    const int64_t n = s.counted;
    if (n > 0) c.inputs.push_back({KN_I32, 1, 1, 2, [n](std::vector<double>& x) { x[0] = static_cast<double>(n); }});
    if (s.owners > 0) {
        const auto from_nobody = [](std::vector<double>& x) {
            for (double& owner : x) owner -= 1;
        };
        c.inputs.push_back({KN_I32, s.rows, 1, s.owners, from_nobody});
        c.inputs.push_back({KN_I32, s.capacity, 1, s.owners, from_nobody});
    }
}

void add_operands(Case& c, const Shape& s, kn_dtype dtype) {
    const double element = 1 / std::sqrt(static_cast<double>(s.width));
    for (int which = 0; which < 3; ++which) {
        const int64_t count = (which < 2 ? s.rows : s.capacity) * s.width;
        c.inputs.push_back(s.opposed ? rows_of(dtype, count, which == 0 ? element : -element)
                           : s.unit  ? unit_rows(dtype, count / s.width, s.width)
                                     : Input{dtype, count, 0.3});
    }
    add_extras(c, s);
}

infonce::Contrast operands(const Shape& s, const Call& call, size_t first, kn_dtype dtype) {
    const size_t after = first + 3 + (s.counted > 0);
    return {call.in[first], call.in[first + 1], call.in[first + 2], s.counted > 0 ? call.in[first + 3] : 0,
            s.owners > 0 ? call.in[after] : 0, s.owners > 0 ? call.in[after + 1] : 0, s.rows, s.width, s.capacity, s.temperature, s.unit,
            dtype};
}

/// Of the variant that needs most.
int64_t most_bytes(const Shape& s, kn_dtype dtype, bool pulls) {
    int64_t most = 0;
    for (int variant = 1; variant <= infonce::VARIANTS; ++variant) {
        most = std::max(most, infonce::workspace_bytes(variant, s.rows, s.width, s.capacity, dtype, pulls));
    }
    return most;
}

/// The variant's workspace: the end of the case's, beyond which a write is seen.
kn_dptr tail(const Call& call, int64_t of_case, int variant, const Shape& s, kn_dtype dtype, bool pulls) {
    return call.workspace + static_cast<kn_dptr>(of_case - infonce::workspace_bytes(variant, s.rows, s.width, s.capacity, dtype, pulls));
}

void add_loss(Lab& lab, const Shape& s, kn_dtype dtype) {
    Case c = make("loss", s, dtype);
    add_operands(c, s, dtype);
    c.outputs = {{KN_F32, 1}, {KN_F32, s.rows}, {KN_I32, s.rows}};
    const int64_t workspace = c.workspace = most_bytes(s, dtype, false);
    c.tolerance = 0x1p-22;  // the loss is one number, which the plain variant may have right by chance
    c.flops = 2.0 * static_cast<double>(s.rows) * static_cast<double>(s.width * s.capacity);
    c.bytes = static_cast<double>((2 * s.rows + s.capacity) * s.width * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return infonce::loss(variant, {call.out[0], call.out[1], call.out[2]}, operands(s, call, 0, dtype),
                             tail(call, workspace, variant, s, dtype, false), call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) { loss({s, in, 0}, out); };
    lab.add(std::move(c));
}

/// From log-sums alone.
void add_gradient(Lab& lab, const Shape& s, kn_dtype dtype) {
    Case c = make("gradient", s, dtype);
    c.variants = 1;
    c.inputs = {{KN_F32, 1}};
    add_operands(c, s, dtype);
    c.outputs = {{KN_F32, s.rows * s.width}, {KN_F32, s.rows * s.width}};
    const int64_t results = (2 * s.rows + 1 + 3) / 4 * 16;
    c.workspace = results + infonce::workspace_bytes(1, s.rows, s.width, s.capacity, dtype, false);
    c.prepare = [=](const Call& call) {
        const kn_dptr loss = call.workspace, ranks = loss + 4, log_sums = ranks + static_cast<kn_dptr>(4 * s.rows);
        return infonce::loss(1, {loss, log_sums, ranks}, operands(s, call, 1, dtype), call.workspace + static_cast<kn_dptr>(results),
                             call.stream);
    };
    c.run = [=](int, const Call& call) {
        return infonce::gradient(call.out[0], call.out[1], call.in[0], call.workspace + static_cast<kn_dptr>(4 + 4 * s.rows),
                                 operands(s, call, 1, dtype), call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) { gradient({s, in, 1}, out); };
    lab.add(std::move(c));
}

/// Hands out pieces of a workspace, one after the other.
struct Pieces {
    kn_dptr next;

    kn_dptr take(int64_t bytes) {
        const kn_dptr here = next;
        next += static_cast<kn_dptr>((bytes + 15) / 16 * 16);
        return here;
    }
};

/// What a loss with its gradient leaves in between, each piece up to 16 bytes more, and the workspace of a variant.
int64_t between_bytes(const Shape& s, kn_dtype dtype) {
    const int64_t pieces = 16 + 8 * (4 * s.rows + 16) + 6 * (4 * s.rows * s.width + 16);
    return (pieces + 15) / 16 * 16 + most_bytes(s, dtype, true);
}

/// Exponents to the base 2 are rounded once more than those of the plain variant, and are up to what exponents are at most.
double of_base_2(const Shape& s) { return 0x1p-23 / s.temperature; }

/// The loss and the gradient together, of which one is looked at; variant 1 computes them one after the other.
void add_one_pass(Lab& lab, const Shape& s, bool the_gradient, kn_dtype dtype) {
    Case c = make(the_gradient ? "one_pass.gradient" : "one_pass.loss", s, dtype);
    c.inputs = {{KN_F32, 1}};
    add_operands(c, s, dtype);
    const int64_t workspace = c.workspace = between_bytes(s, dtype);
    if (the_gradient) {
        c.outputs = {{KN_F32, s.rows * s.width}, {KN_F32, s.rows * s.width}};
        c.tolerance = dtype == KN_BF16 ? 0x1p-8 : of_base_2(s);  // probabilities are rounded to bf16 for products
    } else {
        c.outputs = {{KN_F32, 1}, {KN_F32, s.rows}, {KN_I32, s.rows}};
        c.tolerance = 0x1p-22;  // as above
    }
    c.flops = 4.0 * static_cast<double>(s.rows) * static_cast<double>(s.width * s.capacity);
    c.bytes = static_cast<double>((2 * s.rows + s.capacity) * s.width * size_of(dtype) + 2 * s.rows * s.width * 4);
    c.run = [=](int variant, const Call& call) {
        const infonce::Contrast o = operands(s, call, 1, dtype);
        Pieces free{call.workspace};
        const int64_t row = 4 * s.rows, all = row * s.width;
        const kn_dptr loss = the_gradient ? free.take(4) : call.out[0], log_sums = the_gradient ? free.take(row) : call.out[1];
        const kn_dptr ranks = the_gradient ? free.take(row) : call.out[2], dq = the_gradient ? call.out[0] : free.take(all);
        const kn_dptr dk = the_gradient ? call.out[1] : free.take(all), pulled = free.take(all), negatives = free.take(row);
        const bool plain = variant == 1;
        const kn_status status = infonce::loss(variant, {loss, log_sums, ranks, plain ? 0 : pulled, plain ? 0 : negatives}, o,
                                               tail(call, workspace, variant, s, dtype, !plain), call.stream);
        if (status != KN_OK) return status;
        return plain ? infonce::gradient(dq, dk, call.in[0], log_sums, o, call.stream)
                     : infonce::pull(dq, dk, call.in[0], pulled, negatives, {}, o, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) { the_gradient ? gradient({s, in, 1}, out) : loss({s, in, 1}, out); };
    lab.add(std::move(c));
}

/// Variant 1 normalises, rounds, contrasts, and goes back through the normalisation by a kernel for each.
kn_status plain_step(const Shape& s, const Call& call, infonce::Contrast o, Pieces free, kn_dtype dtype) {
    const int64_t row = 4 * s.rows, all = row * s.width;
    const kn_dptr q_norms = free.take(row), k_norms = free.take(row), dq = free.take(all);
    const kn_dptr loss = free.take(4), log_sums = free.take(row), ranks = free.take(row);
    kn_status status = KN_OK;
    const auto then = [&](kn_status next) { status = status == KN_OK ? next : status; };
    then(infonce::normalize(1, call.out[2], q_norms, call.in[1], s.rows, s.width, s.epsilon, KN_F32, call.stream));
    then(infonce::normalize(1, call.out[3], k_norms, call.in[2], s.rows, s.width, s.epsilon, KN_F32, call.stream));
    then(kn_elementwise_convert(o.q, call.out[2], s.rows * s.width, dtype, KN_F32, call.stream));
    then(kn_elementwise_convert(o.k, call.out[3], s.rows * s.width, dtype, KN_F32, call.stream));
    then(infonce::loss(1, {loss, log_sums, ranks}, o, free.next, call.stream));
    then(infonce::gradient(dq, call.out[1], call.in[0], log_sums, o, call.stream));
    then(infonce::normalize_gradient(1, call.out[0], dq, call.out[2], q_norms, s.rows, s.width, s.epsilon, KN_F32, call.stream));
    return status;
}

/// All that MoCo's step has beyond its networks but the enqueuing, from rows that are not normalised yet.
void add_step(Lab& lab, const Shape& s, kn_dtype dtype) {
    Case c = make("step", s, dtype);
    c.inputs = {{KN_F32, 1}, {KN_F32, s.rows * s.width}, {KN_F32, s.rows * s.width}, unit_rows(dtype, s.capacity, s.width)};
    add_extras(c, s);
    for (int i = 0; i < 4; ++i) c.outputs.push_back({KN_F32, s.rows * s.width});
    const int64_t workspace = c.workspace = between_bytes(s, dtype);
    c.tolerance = dtype == KN_BF16 ? 0x1p-8 : of_base_2(s);  // as above
    c.flops = 4.0 * static_cast<double>(s.rows) * static_cast<double>(s.width * s.capacity);
    c.bytes = static_cast<double>(s.capacity * s.width * size_of(dtype) + 4 * 4 * s.rows * s.width);
    c.run = [=](int variant, const Call& call) {
        infonce::Contrast o = operands(s, call, 1, dtype);
        Pieces free{call.workspace};
        const int64_t row = 4 * s.rows, all = row * s.width;
        o.q = free.take(all);
        o.k = free.take(all);
        if (variant == 1) return plain_step(s, call, o, free, dtype);
        const infonce::Raw of_q{call.in[1], call.out[2], free.take(row), s.epsilon};
        const infonce::Raw of_k{call.in[2], call.out[3], free.take(row), s.epsilon};
        o.positives = free.take(row);
        kn_status status = infonce::pairs(o.positives, of_q, of_k, o, call.stream);
        if (status != KN_OK) return status;
        const infonce::Outcome outcome{free.take(4), free.take(row), free.take(row), free.take(all), free.take(row)};
        status = infonce::loss(variant, outcome, o, tail(call, workspace, variant, s, dtype, true), call.stream);
        if (status != KN_OK) return status;
        return infonce::pull(call.out[0], call.out[1], call.in[0], outcome.pulled, outcome.negatives, of_q, o, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) { step(s, dtype, in, out); };
    lab.add(std::move(c));
}

void add_normalize(Lab& lab, int64_t rows, int64_t width, double epsilon, kn_dtype dtype) {
    const std::vector<std::pair<const char*, int64_t>> sizes{{"rows", rows}, {"width", width}, {"below", epsilon > 1}};
    Case forward("infonce.normalize", dtype, sizes);
    forward.variants = infonce::ROW_VARIANTS;
    forward.reduction = width;
    forward.inputs = {{dtype, rows * width}};
    forward.outputs = {{dtype, rows * width}, {KN_F32, rows}};
    forward.bytes = static_cast<double>(2 * rows * width * size_of(dtype));
    forward.run = [=](int variant, const Call& call) {
        return infonce::normalize(variant, call.out[0], call.out[1], call.in[0], rows, width, epsilon, dtype, call.stream);
    };
    forward.oracle = [=](const Values& in, Values& out) {
        for (int64_t r = 0; r < rows; ++r) {
            const double norm = std::sqrt(dot(in[0], r, in[0], r, width));
            out[1][static_cast<size_t>(r)] = norm;
            for (int64_t c = 0; c < width; ++c) {
                out[0][static_cast<size_t>(r * width + c)] = in[0][static_cast<size_t>(r * width + c)] / std::max(norm, epsilon);
            }
        }
    };
    lab.add(std::move(forward));
    Case back("infonce.normalize_gradient", dtype, sizes);
    back.variants = infonce::ROW_VARIANTS;
    back.reduction = width;
    back.condition = 2;
    back.inputs = {{dtype, rows * width}, unit_rows(dtype, rows, width), norms_of(rows)};
    back.outputs = {{dtype, rows * width}};
    back.bytes = static_cast<double>(3 * rows * width * size_of(dtype));
    back.run = [=](int variant, const Call& call) {
        return infonce::normalize_gradient(variant, call.out[0], call.in[0], call.in[1], call.in[2], rows, width, epsilon, dtype,
                                           call.stream);
    };
    back.oracle = [=](const Values& in, Values& out) {
        out[0] = in[0];
        back_through(out[0], in[1], in[2], epsilon, width);
    };
    lab.add(std::move(back));
}

/// counted: -1 for all rows without the input.
void add_enqueue(Lab& lab, int64_t row_count, int64_t capacity, int64_t row_bytes, int64_t pointer, int64_t counted) {
    Case c("infonce.enqueue", KN_U8, {{"rows", row_count}, {"capacity", capacity}, {"bytes", row_bytes}, {"pointer", pointer},
            {"counted", counted}});
    c.inputs = {{KN_U8, capacity * row_bytes, 1, 256},
                {KN_I64, 1, 1, 2, [pointer](std::vector<double>& x) { x[0] = static_cast<double>(pointer); }},
                {KN_U8, row_count * row_bytes, 1, 256}};
    if (counted >= 0) c.inputs.push_back({KN_I32, 1, 1, 2, [counted](std::vector<double>& x) { x[0] = static_cast<double>(counted); }});
    c.inputs.push_back({KN_I64, 2, 1, 1});  // fault words, 0 at first
    c.outputs = {{KN_U8, capacity * row_bytes, 0}, {KN_I64, 1, 1}, {KN_I64, 2, static_cast<int>(c.inputs.size()) - 1}};
    c.bytes = 2.0 * static_cast<double>(row_count * row_bytes);
    c.run = [=](int, const Call& call) {
        return kn_infonce_enqueue(call.out[0], call.out[1], call.out[2], call.out[2] + 8, call.in[2], counted >= 0 ? call.in[3] : 0,
                                  row_count, capacity, row_bytes, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        const int64_t n = counted < 0 ? row_count : counted;
        if (n > row_count) out[2][0] = 0x1p32 + static_cast<double>(n);
        if (pointer >= capacity) out[2][1] = 0x1p32 + static_cast<double>(pointer);
        if (n > row_count || pointer >= capacity) return;
        for (int64_t i = 0; i < n * row_bytes; ++i) {
            out[0][static_cast<size_t>((pointer * row_bytes + i) % (capacity * row_bytes))] = in[2][static_cast<size_t>(i)];
        }
        out[1][0] = static_cast<double>((pointer + n) % capacity);
    };
    lab.add(std::move(c));
}

/// counted: -1 for all rows without the input.
void add_enqueue_rounded(Lab& lab, int64_t row_count, int64_t capacity, int64_t width, int64_t pointer, int64_t counted) {
    Case c("infonce.enqueue_rounded", KN_BF16, {{"rows", row_count}, {"capacity", capacity}, {"width", width}, {"pointer", pointer},
            {"counted", counted}});
    c.inputs = {{KN_BF16, capacity * width},
                {KN_I64, 1, 1, 2, [pointer](std::vector<double>& x) { x[0] = static_cast<double>(pointer); }},
                {KN_F32, row_count * width}};
    if (counted >= 0) c.inputs.push_back({KN_I32, 1, 1, 2, [counted](std::vector<double>& x) { x[0] = static_cast<double>(counted); }});
    c.outputs = {{KN_BF16, capacity * width, 0}};
    c.bytes = 6.0 * static_cast<double>(row_count * width);
    c.run = [=](int, const Call& call) {
        return kn_infonce_enqueue_rounded(call.out[0], call.in[1], call.in[2], counted >= 0 ? call.in[3] : 0, row_count, capacity, width,
                                          call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        const int64_t n = counted < 0 ? row_count : counted;
        if (n > row_count || pointer >= capacity) return;
        for (int64_t i = 0; i < n * width; ++i) {
            out[0][static_cast<size_t>((pointer * width + i) % (capacity * width))] = in[2][static_cast<size_t>(i)];
        }
    };
    lab.add(std::move(c));
}

void register_queue(Lab& lab) {
    // waves and a rest; more tiles than the passes want parts, so that each part has several, and the last tile is short
    const int64_t many = 3 * 4096 + 423;
    add_loss(lab, {3, 8, many, 0.2}, KN_F32);
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (const Shape& s : {Shape{3, 9, many, 0.2, 0, 3, false}, Shape{2, 8, many, 0.2}, Shape{2, 136, many, 0.2, 0, 0, false}}) {
            add_one_pass(lab, s, true, dtype);
        }
    }
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (const Shape& s : {Shape{1, 1, 1}, Shape{5, 17, 33, 0.2}, Shape{3, 16, 0}, Shape{9, 128, 200}, Shape{70, 64, 150, 0.07, 66, 5},
                               Shape{4, 40, 130, 0.2, 3}, Shape{6, 24, 96, 0.5, 0, 1, false}, Shape{17, 128, 300, 0.02},
                               Shape{2, 1050, 9, 0.1, 0, 3}, Shape{20, 200, 130, 0.1}, Shape{130, 24, 70, 0.1, 129, 4, false},
                               Shape{18, 256, 70, 0.2, 0, 3, false}, Shape{3, 16, 70, 1 / 29.5}, Shape{70, 20, 41, 0.1, 3, 2, false},
                               Shape{35, 131, 130, 0.2, 34, 3, false}}) {
            add_loss(lab, s, dtype);
            add_gradient(lab, s, dtype);
            add_one_pass(lab, s, false, dtype);
            add_one_pass(lab, s, true, dtype);
        }
        // scores that are as far from the bound as they can be; what pulls at a query cancels out
        const Shape far{3, 16, 70, 1 / 29.5, 0, 0, true, true};
        add_loss(lab, far, dtype);
        add_one_pass(lab, far, false, dtype);
        for (const Shape& s : {Shape{5, 17, 33, 0.2}, Shape{3, 16, 0}, Shape{20, 136, 70, 0.2, 18, 3}, Shape{9, 64, 150},
                               Shape{4, 24, 96, 0.2, 0, 0, true, false, 100}}) {
            add_step(lab, s, dtype);
        }
    }
}
}  // namespace

void register_infonce(Lab& lab) {
    register_queue(lab);
    register_infonce_batch(lab);
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        add_normalize(lab, 1, 2, EPSILON, dtype);
        add_normalize(lab, 5, 17, EPSILON, dtype);
        add_normalize(lab, 6, 264, EPSILON, dtype);
        add_normalize(lab, 3, 5, 100, dtype);
    }
    add_enqueue(lab, 3, 7, 20, 5, -1);
    add_enqueue(lab, 7, 7, 48, 3, -1);
    add_enqueue(lab, 4, 7, 3, 6, 3);
    add_enqueue(lab, 4, 7, 4, 6, 0);
    add_enqueue(lab, 4, 7, 4, 6, 5);   // more than there are: nothing
    add_enqueue(lab, 4, 7, 4, 7, -1);  // beyond the ring: nothing
    add_enqueue_rounded(lab, 3, 7, 5, 5, -1);
    add_enqueue_rounded(lab, 4, 7, 3, 6, 3);
    add_enqueue_rounded(lab, 4, 7, 3, 6, 5);   // more than there are: nothing
    add_enqueue_rounded(lab, 4, 7, 3, 7, -1);  // beyond the ring: nothing
    // MoCo's queue at the widths of projections and of the whole encoder
    lab.full_size([](Lab& l) {
        for (kn_dtype dtype : {KN_F32, KN_BF16}) {
            for (const Shape& s : {Shape{64, 128, 65536}, Shape{512, 128, 65536}, Shape{1024, 128, 65536}, Shape{512, 256, 65536},
                                   Shape{512, 1024, 65536}, Shape{512, 2048, 65536}}) {
                add_loss(l, s, dtype);
                add_one_pass(l, s, true, dtype);
            }
            for (const int64_t width : {128, 1024}) add_step(l, {512, width, 65536}, dtype);
            add_normalize(l, 65536, 128, EPSILON, dtype);
        }
        add_enqueue(l, 512, 65536, 256, 65000, -1);
    });
}
}  // namespace kn::lab
