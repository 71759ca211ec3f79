// What the family's kernels compute, in double.
#pragma once
#include <algorithm>
#include <cmath>

#include "../../lab/lab.h"
#include "../../lab/values.h"

namespace kn::lab::infonce_oracles {
constexpr double EPSILON = 1e-12;

struct Shape {
    int64_t rows, width, capacity;
    double temperature = 0.1;
    int64_t counted = 0;   // 0: all, without the input
    int64_t owners = 0;    // 0: none, without the inputs
    bool unit = true;      // whether rows are of length 1
    bool opposed = false;  // whether all keys are the opposite of all queries, of length 1
    double epsilon = EPSILON;
};

inline double dot(const std::vector<double>& a, int64_t i, const std::vector<double>& b, int64_t j, int64_t width) {
    double sum = 0;
    for (int64_t c = 0; c < width; ++c) sum += a[static_cast<size_t>(i * width + c)] * b[static_cast<size_t>(j * width + c)];
    return sum;
}

inline void normalize(std::vector<double>& x, int64_t width) {
    for (size_t at = 0; at < x.size(); at += static_cast<size_t>(width)) {
        double sum = 0;
        for (int64_t c = 0; c < width; ++c) sum += x[at + static_cast<size_t>(c)] * x[at + static_cast<size_t>(c)];
        for (int64_t c = 0; c < width; ++c) x[at + static_cast<size_t>(c)] /= std::sqrt(sum);
    }
}

/// The inputs from `first` on are q, k, queue, and the count and owners that there are.
struct Scores {
    const Shape& s;
    const Values& in;
    size_t first;

    int64_t counted() const { return s.counted > 0 ? s.counted : s.rows; }
    double positive(int64_t row) const { return dot(in[first], row, in[first + 1], row, s.width) / s.temperature; }
    bool is_own(int64_t row, int64_t key) const {
        if (s.owners == 0) return false;
        const double owner = in[in.size() - 2][static_cast<size_t>(row)];
        return owner != -1 && owner == in[in.size() - 1][static_cast<size_t>(key)];
    }
    double negative(int64_t row, int64_t key) const { return dot(in[first], row, in[first + 2], key, s.width) / s.temperature; }
    double log_sum(int64_t row, double* above) const {
        double sum = 1;  // times exp(-positive)
        const double p = positive(row);
        for (int64_t j = 0; j < s.capacity; ++j) {
            if (is_own(row, j)) continue;
            const double n = negative(row, j);
            *above += n > p;
            sum += std::exp(n - p);
        }
        return p + std::log(sum);
    }
};

inline void loss(const Scores& scores, Values& out) {
    for (int64_t row = 0; row < scores.s.rows; ++row) {
        const size_t at = static_cast<size_t>(row);
        if (row >= scores.counted()) {
            out[2][at] = -1;
            continue;
        }
        out[1][at] = scores.log_sum(row, &out[2][at]);
        out[0][0] += (out[1][at] - scores.positive(row)) / static_cast<double>(scores.counted());
    }
}

/// In: dloss, then those of the loss.
inline void gradient(const Scores& scores, Values& out) {
    const Shape& s = scores.s;
    const double each = scores.in[0][0] / (s.temperature * static_cast<double>(scores.counted()));
    for (int64_t row = 0; row < scores.counted(); ++row) {
        double above, negatives = 0;
        const double log_sum = scores.log_sum(row, &above);
        for (int64_t j = 0; j < s.capacity; ++j) {
            if (scores.is_own(row, j)) continue;
            const double p = std::exp(scores.negative(row, j) - log_sum);
            negatives += p;
            for (int64_t c = 0; c < s.width; ++c) {
                out[0][static_cast<size_t>(row * s.width + c)] += each * p * scores.in[3][static_cast<size_t>(j * s.width + c)];
            }
        }
        for (int64_t c = 0; c < s.width; ++c) {
            const size_t at = static_cast<size_t>(row * s.width + c);
            out[0][at] -= each * negatives * scores.in[2][at];
            out[1][at] -= each * negatives * scores.in[1][at];
        }
    }
}

/// As the dtype has them.
inline std::vector<double> rounded(const std::vector<double>& x, kn_dtype dtype) {
    Bytes bytes(x.size() * static_cast<size_t>(size_of(dtype)));
    encode(x, dtype, bytes.data());
    return decode(bytes.data(), dtype, static_cast<int64_t>(x.size()));
}

/// In: dloss, raw q, raw k, and those of the loss after these. Out: dq through the normalisation, dk, q and k of unit length.
inline void step(const Shape& s, kn_dtype dtype, const Values& in, Values& out) {
    std::vector<double> norms[2];
    Values unit = in;
    for (size_t which : {1, 2}) {
        for (int64_t row = 0; row < s.rows; ++row) {
            const double norm = std::sqrt(dot(in[which], row, in[which], row, s.width));
            norms[which - 1].push_back(norm);
            for (int64_t c = 0; c < s.width; ++c) unit[which][static_cast<size_t>(row * s.width + c)] /= std::max(norm, s.epsilon);
        }
        out[1 + which] = unit[which];
    }
    const std::vector<double> q = unit[1];
    for (size_t which : {1, 2}) unit[which] = rounded(unit[which], dtype);
    gradient({s, unit, 1}, out);
    for (int64_t row = 0; row < s.rows; ++row) {
        const double norm = norms[0][static_cast<size_t>(row)], along = norm < s.epsilon ? 0 : dot(out[0], row, q, row, s.width);
        for (int64_t c = 0; c < s.width; ++c) {
            const size_t at = static_cast<size_t>(row * s.width + c);
            out[0][at] = (out[0][at] - q[at] * along) / std::max(norm, s.epsilon);
        }
    }
}

/// Through the normalisation that rows of unit length came from, whatever they are here.
inline void back_through(std::vector<double>& gradient, const std::vector<double>& unit, const std::vector<double>& norms, double epsilon,
                  int64_t width) {
    for (size_t row = 0; row < norms.size(); ++row) {
        const int64_t r = static_cast<int64_t>(row);
        const double along = norms[row] < epsilon ? 0 : dot(gradient, r, unit, r, width);
        for (int64_t c = 0; c < width; ++c) {
            const size_t at = static_cast<size_t>(r * width + c);
            gradient[at] = (gradient[at] - unit[at] * along) / std::max(norms[row], epsilon);
        }
    }
}
}  // namespace kn::lab::infonce_oracles
