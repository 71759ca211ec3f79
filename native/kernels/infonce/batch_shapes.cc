// The shapes on which the lab holds the contrast within a batch.
#include "cases.h"

namespace kn::lab {
namespace {
using namespace infonce_oracles;

/// The scores of row i of one view: against all rows of the other, then against all of its own, itself left out.
std::vector<double> batch_scores(const std::vector<double>& mine, const std::vector<double>& other, int64_t i, const Shape& s) {
    std::vector<double> scores;
    for (int64_t j = 0; j < s.rows; ++j) scores.push_back(dot(mine, i, other, j, s.width) / s.temperature);
    for (int64_t j = 0; j < s.rows; ++j) scores.push_back(j == i ? -INFINITY : dot(mine, i, mine, j, s.width) / s.temperature);
    return scores;
}

double log_sum(const std::vector<double>& scores) {
    double sum = 0;
    for (double x : scores) sum += std::exp(x);
    return std::log(sum);
}

void add_batch_loss(Lab& lab, const Shape& s, kn_dtype dtype) {
    Case c = make("batch_loss", s, dtype);
    c.variants = infonce::BATCH_VARIANTS;
    c.inputs = {unit_rows(dtype, s.rows, s.width), unit_rows(dtype, s.rows, s.width)};
    c.outputs = {{KN_F32, 1}, {KN_F32, 2 * s.rows}};
    c.workspace = kn_infonce_batch_loss_workspace(s.rows, s.width, dtype);
    c.tolerance = 0x1p-22;  // as above
    c.run = [=](int variant, const Call& call) {
        return infonce::batch_loss(variant, call.out[0], call.out[1], {call.in[0], call.in[1], s.rows, s.width, s.temperature, dtype},
                                   call.workspace, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (size_t way = 0; way < 2; ++way) {
            for (int64_t i = 0; i < s.rows; ++i) {
                const std::vector<double> scores = batch_scores(in[way], in[1 - way], i, s);
                const double log = log_sum(scores);
                out[1][way * static_cast<size_t>(s.rows) + static_cast<size_t>(i)] = log;
                out[0][0] += (log - scores[static_cast<size_t>(i)]) / static_cast<double>(s.rows);
            }
        }
    };
    lab.add(std::move(c));
}

/// In: dloss, a, b.
void batch_gradient(const Shape& s, const Values& in, Values& out) {
    const double each = in[0][0] / (s.temperature * static_cast<double>(s.rows));
    for (size_t way = 0; way < 2; ++way) {
        const std::vector<double>&mine = in[1 + way], &other = in[2 - way];
        for (int64_t i = 0; i < s.rows; ++i) {
            const std::vector<double> scores = batch_scores(mine, other, i, s);
            const double log = log_sum(scores);
            for (int64_t j = 0; j < 2 * s.rows; ++j) {
                const double d = each * (std::exp(scores[static_cast<size_t>(j)] - log) - (j == i));
                const bool across = j < s.rows;
                for (int64_t c = 0; c < s.width; ++c) {
                    const size_t row = static_cast<size_t>(i * s.width + c), against = static_cast<size_t>(j % s.rows * s.width + c);
                    out[way][row] += d * (across ? other : mine)[against];
                    out[across ? 1 - way : way][against] += d * mine[row];
                }
            }
        }
    }
}

/// through: the normalisations of both views.
void add_batch_gradient(Lab& lab, const Shape& s, bool through, kn_dtype dtype) {
    Case c = make(through ? "batch_gradient.through" : "batch_gradient", s, dtype);
    c.variants = infonce::BATCH_VARIANTS;
    c.inputs = {{KN_F32, 1}, unit_rows(dtype, s.rows, s.width), unit_rows(dtype, s.rows, s.width)};
    for (int view = 0; through && view < 2; ++view) {
        c.inputs.push_back(unit_rows(KN_F32, s.rows, s.width));
        c.inputs.push_back(norms_of(s.rows));
    }
    c.outputs = {{KN_F32, s.rows * s.width}, {KN_F32, s.rows * s.width}};
    const int64_t results = (2 * s.rows + 1 + 3) / 4 * 16;
    const int64_t of_loss = kn_infonce_batch_loss_workspace(s.rows, s.width, dtype);
    const int64_t of_gradient = kn_infonce_batch_gradient_workspace(s.rows, s.width, dtype);
    c.workspace = results + (of_loss > of_gradient ? of_loss : of_gradient);
    // what rows are weighed with is rounded to bf16 for tensor cores
    if (dtype == KN_BF16) c.tolerance = 0x1p-8;
    const auto views = [=](const Call& call) {
        return infonce::Views{call.in[1], call.in[2], s.rows, s.width, s.temperature, dtype};
    };
    c.prepare = [=](const Call& call) {
        return infonce::batch_loss(1, call.workspace, call.workspace + 4, views(call), call.workspace + static_cast<kn_dptr>(results),
                                   call.stream);
    };
    c.run = [=](int variant, const Call& call) {
        const auto raw = [&](size_t first) {
            return through ? infonce::Raw{0, call.in[first], call.in[first + 1], s.epsilon} : infonce::Raw{};
        };
        return infonce::batch_gradient(variant, call.out[0], call.out[1], call.in[0], call.workspace + 4, raw(3), raw(5), views(call),
                                       call.workspace + static_cast<kn_dptr>(results), call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        batch_gradient(s, in, out);
        for (size_t view = 0; through && view < 2; ++view) back_through(out[view], in[3 + 2 * view], in[4 + 2 * view], s.epsilon, s.width);
    };
    lab.add(std::move(c));
}

}  // namespace

void register_infonce_batch(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (const Shape& s : {Shape{1, 3, 0}, Shape{5, 17, 0}, Shape{20, 64, 0}, Shape{70, 32, 0, 0.2}}) {
            add_batch_loss(lab, s, dtype);
            add_batch_gradient(lab, s, false, dtype);
        }
        // the first with norms below its epsilon, the last wider than one pass of the plain kernel
        for (const Shape& s : {Shape{5, 17, 0, 0.1, 0, 0, true, false, 1}, Shape{70, 24, 0, 0.2}, Shape{2, 1050, 0}}) {
            add_batch_gradient(lab, s, true, dtype);
        }
    }
    lab.full_size([](Lab& l) {
        for (kn_dtype dtype : {KN_F32, KN_BF16}) {
            add_batch_loss(l, {1024, 128, 0}, dtype);
            add_batch_gradient(l, {1024, 128, 0}, true, dtype);
        }
    });
}
}  // namespace kn::lab
