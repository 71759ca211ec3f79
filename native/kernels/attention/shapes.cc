// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include <cmath>

#include "../../lab/lab.h"
#include "attention.h"

namespace kn::lab {
namespace {
struct Shape {
    int64_t batch, queries, keys, heads, depth;
    bool causal = false, masked = false;
    double dropout = 0;
    bool small_blocks = false;  // on a device whose blocks have 99 KB of shared memory, which the emulator's can pretend

    int64_t width() const { return heads * depth; }
    int64_t rows() const { return batch * heads * queries; }
};
constexpr int32_t SALT = 3;

/// While it lives the device is one of small blocks, if that is asked for.
class Pretence {
  public:
    explicit Pretence(bool small_blocks) : small_blocks_(small_blocks) {
        if (small_blocks_) kn_emulate(KN_EMULATED_SHARED, 99 * 1024);
    }
    ~Pretence() {
        if (small_blocks_) kn_emulate(KN_EMULATED_SHARED, 163 * 1024);
    }

  private:
    bool small_blocks_;
};

/// Philox4x32-10, element i of the stream SALT.
uint32_t philox(uint64_t seed, uint32_t step, uint64_t i) {
    uint32_t c[4] = {static_cast<uint32_t>(i / 4), static_cast<uint32_t>(i >> 34), step, SALT};
    uint32_t k[2] = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
    for (int round = 0; round < 10; ++round) {
        const uint64_t a = uint64_t{0xD2511F53} * c[0], b = uint64_t{0xCD9E8D57} * c[2];
        const uint32_t next[4] = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(b),
                                  static_cast<uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(a)};
        for (int w = 0; w < 4; ++w) c[w] = next[w];
        k[0] += 0x9E3779B9;
        k[1] += 0xBB67AE85;
    }
    return c[i % 4];
}

/// One head of one clip; the inputs of the case from `first` on are q, k, v, mask, random.
struct Head {
    const Shape& s;
    const Values& in;
    size_t first;
    int64_t b, h;

    size_t at(int64_t rows, int64_t i, int64_t c) const { return static_cast<size_t>((b * rows + i) * s.width() + h * s.depth + c); }
    double dot(size_t x, int64_t x_rows, int64_t i, size_t y, int64_t y_rows, int64_t j) const {
        double sum = 0;
        for (int64_t c = 0; c < s.depth; ++c) sum += in[x][at(x_rows, i, c)] * in[y][at(y_rows, j, c)];
        return sum;
    }
    int64_t row(int64_t i) const { return (b * s.heads + h) * s.queries + i; }
    bool sees(int64_t i, int64_t j) const {
        return !(s.causal && j > i + s.keys - s.queries) && !(s.masked && in[first + 3][static_cast<size_t>(b * s.keys + j)] != 0);
    }
    double score(int64_t i, int64_t j) const {
        return dot(first, s.queries, i, first + 1, s.keys, j) / std::sqrt(static_cast<double>(s.depth));
    }
    double factor(int64_t i, int64_t j) const {
        if (s.dropout == 0) return 1;
        const std::vector<double>& random = in[first + (s.masked ? 4 : 3)];
        const uint32_t bits = philox(static_cast<uint64_t>(random[0]), static_cast<uint32_t>(random[1]),
                                     static_cast<uint64_t>(row(i) * s.keys + j));
        return bits * 0x1p-32 >= s.dropout ? 1 / (1 - s.dropout) : 0;
    }
    /// The probabilities of a row; all 0 where nothing is seen.
    std::vector<double> probabilities(int64_t i, double* log_sum) const {
        std::vector<double> p(static_cast<size_t>(s.keys));
        double sum = 0;
        for (int64_t j = 0; j < s.keys; ++j) sum += p[static_cast<size_t>(j)] = sees(i, j) ? std::exp(score(i, j)) : 0;
        for (double& x : p) x = sum > 0 ? x / sum : 0;
        *log_sum = sum > 0 ? std::log(sum) : 0;
        return p;
    }
};

void forward(const Head& head, Values& out) {
    const Shape& s = head.s;
    for (int64_t i = 0; i < s.queries; ++i) {
        const std::vector<double> p = head.probabilities(i, &out[1][static_cast<size_t>(head.row(i))]);
        for (int64_t c = 0; c < s.depth; ++c) {
            double sum = 0;
            for (int64_t j = 0; j < s.keys; ++j) sum += p[static_cast<size_t>(j)] * head.factor(i, j) * head.in[2][head.at(s.keys, j, c)];
            out[0][head.at(s.queries, i, c)] = sum;
        }
    }
}

/// In: dy, then those of the forward pass.
void gradient(const Head& head, Values& out) {
    const Shape& s = head.s;
    for (int64_t i = 0; i < s.queries; ++i) {
        double log_sum, along = 0;
        const std::vector<double> p = head.probabilities(i, &log_sum);
        std::vector<double> pulls(p.size());
        for (int64_t j = 0; j < s.keys; ++j) {
            const size_t at = static_cast<size_t>(j);
            pulls[at] = head.factor(i, j) * head.dot(0, s.queries, i, 3, s.keys, j);
            along += p[at] * pulls[at];
        }
        for (int64_t j = 0; j < s.keys; ++j) {
            const size_t at = static_cast<size_t>(j);
            const double score = p[at] * (pulls[at] - along) / std::sqrt(static_cast<double>(s.depth));
            for (int64_t c = 0; c < s.depth; ++c) {
                const size_t query = head.at(s.queries, i, c), key = head.at(s.keys, j, c);
                out[0][query] += score * head.in[2][key];
                out[1][key] += score * head.in[1][query];
                out[2][key] += p[at] * head.factor(i, j) * head.in[0][query];
            }
        }
    }
}

/// The last clip's keys are all masked.
void mask_last(std::vector<double>& mask, int64_t keys) {
    for (size_t i = mask.size() - static_cast<size_t>(keys); i < mask.size(); ++i) mask[i] = 1;
}

Case make(const char* what, const Shape& s, kn_dtype dtype) {
    Case c("attention." + std::string(what), dtype,
           {{"batch", s.batch}, {"queries", s.queries}, {"keys", s.keys}, {"heads", s.heads}, {"depth", s.depth}, {"causal", s.causal},
            {"masked", s.masked}, {"dropout%", static_cast<int64_t>(100 * s.dropout)}});
    if (s.small_blocks) c.shape += " small blocks";
    c.variants = attention::VARIANTS;
    c.reduction = s.keys + s.queries + s.depth;
    c.condition = 4;  // exponents of probabilities are of that size
    return c;
}

void add_operands(Case& c, const Shape& s, kn_dtype dtype) {
    c.inputs.push_back({dtype, s.batch * s.queries * s.width()});
    c.inputs.push_back({dtype, s.batch * s.keys * s.width()});
    c.inputs.push_back({dtype, s.batch * s.keys * s.width()});
    if (s.masked) c.inputs.push_back({KN_U8, s.batch * s.keys, 1, 2, [keys = s.keys](std::vector<double>& m) { mask_last(m, keys); }});
    if (s.dropout > 0) c.inputs.push_back({KN_I64, 2, 1, int64_t{1} << 40});
}

attention::Operands operands(const Shape& s, const Call& call, size_t first, kn_dtype dtype) {
    return {call.in[first], call.in[first + 1], call.in[first + 2], s.masked ? call.in[first + 3] : 0, s.dropout > 0 ? call.in.back() : 0,
            s.batch, s.queries, s.keys, s.heads, s.depth, s.causal, s.dropout, SALT, dtype};
}

void add_forward(Lab& lab, const Shape& s, kn_dtype dtype) {
    Case c = make("forward", s, dtype);
    add_operands(c, s, dtype);
    c.outputs = {{dtype, s.batch * s.queries * s.width()}, {KN_F32, s.rows()}};
    // probabilities are rounded to bf16 for tensor cores
    if (dtype == KN_BF16) c.tolerance = 0x1p-9;
    c.flops = 4.0 * static_cast<double>(s.rows() * s.keys * s.depth);
    c.bytes = static_cast<double>((s.queries + s.keys) * 2 * s.batch * s.width() * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        const Pretence pretence(s.small_blocks);
        return attention::forward(variant, call.out[0], call.out[1], operands(s, call, 0, dtype), call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t n = 0; n < s.batch * s.heads; ++n) forward({s, in, 0, n / s.heads, n % s.heads}, out);
    };
    lab.add(std::move(c));
}

/// The results of the forward pass are those of its plain variant, in the workspace.
void add_gradient(Lab& lab, const Shape& s, kn_dtype dtype) {
    Case c = make("gradient", s, dtype);
    c.inputs = {{dtype, s.batch * s.queries * s.width()}};
    add_operands(c, s, dtype);
    const int64_t of_queries = s.batch * s.queries * s.width(), of_keys = s.batch * s.keys * s.width();
    c.outputs = {{dtype, of_queries}, {dtype, of_keys}, {dtype, of_keys}};
    const int64_t results = (of_queries * size_of(dtype) + 15) / 16 * 16;
    const int64_t logs = (s.rows() * 4 + 15) / 16 * 16;
    c.workspace = results + logs + kn_attention_gradient_workspace(s.batch, s.queries, s.heads);
    // y is rounded to bf16 before it is multiplied with dy, and what sums are weighed with for tensor cores
    if (dtype == KN_BF16) c.tolerance = 0x1p-8;
    c.flops = 10.0 * static_cast<double>(s.rows() * s.keys * s.depth);
    c.bytes = static_cast<double>((3 * s.queries + 4 * s.keys) * s.batch * s.width() * size_of(dtype));
    c.prepare = [=](const Call& call) {
        return attention::forward(1, call.workspace, call.workspace + static_cast<kn_dptr>(results), operands(s, call, 1, dtype),
                                  call.stream);
    };
    c.run = [=](int variant, const Call& call) {
        const Pretence pretence(s.small_blocks);
        const attention::Operands o = operands(s, call, 1, dtype);
        const kn_dptr y = call.workspace, log_sums = call.workspace + static_cast<kn_dptr>(results);
        return attention::gradient(variant, call.out[0], call.out[1], call.out[2], call.in[0], y, log_sums, o,
                                   log_sums + static_cast<kn_dptr>(logs), call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t n = 0; n < s.batch * s.heads; ++n) gradient({s, in, 1, n / s.heads, n % s.heads}, out);
    };
    lab.add(std::move(c));
}
}  // namespace

void register_attention(Lab& lab) {
    const Shape shapes[] = {
        {3, 5, 5, 3, 64},                      // what TxE has; more heads than the emulator's warps take at once
        {2, 5, 5, 2, 64, false, true, 0.25},   // its pretraining
        {1, 1, 1, 1, 1},
        {2, 7, 7, 2, 17, true},                // rows that are no multiple of 16 bytes
        {2, 8, 8, 1, 32, true, true, 0.5},
        {2, 3, 6, 2, 16, true, true, 0.5},     // more keys than queries
        {1, 6, 3, 2, 8, true},                 // fewer: the first queries see nothing
        {2, 9, 5, 1, 24, false, true},
        {2, 32, 25, 2, 64, true},
        {1, 33, 65, 1, 64, false, true},
        {2, 70, 70, 1, 64, true},              // more than a tile
        {1, 70, 5, 1, 16, true},               // a tile of queries none of which sees anything
        {2, 67, 130, 1, 32, true, true, 0.2},
        {1, 20, 12, 2, 80},
        {2, 5, 5, 2, 96},                      // short, and more lanes a row than TxE's
        {1, 5, 4, 1, 200, true},               // wider than one pass of the plain variant
    };
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (const Shape& s : shapes) {
            add_forward(lab, s, dtype);
            add_gradient(lab, s, dtype);
        }
    }
    if (kn_is_emulated()) {
        const Shape s{1, 20, 12, 2, 80, false, false, 0, true};
        add_forward(lab, s, KN_F32);
        add_gradient(lab, s, KN_F32);
    }
    // TxE's encoder and decoder at batch 2048, the captioning decoder, and squares up to 512
    lab.full_size([](Lab& l) {
        for (const Shape& s : {Shape{2048, 5, 5, 16, 64}, Shape{2048, 16, 16, 16, 64}, Shape{2048, 32, 32, 16, 64},
                               Shape{2048, 64, 64, 16, 64}, Shape{512, 128, 128, 16, 64}, Shape{512, 64, 5, 12, 64, false, true},
                               Shape{512, 64, 64, 12, 64, true}, Shape{64, 512, 512, 16, 64}}) {
            for (kn_dtype dtype : {KN_F32, KN_BF16}) {
                add_forward(l, s, dtype);
                add_gradient(l, s, dtype);
            }
        }
    });
}
}  // namespace kn::lab
