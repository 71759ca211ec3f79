// Holds every variant against the oracle in double, and at full sizes against the plain variant: see Case for what is assumed of errors.
#include <algorithm>
#include <cstdio>
#include <limits>

#include "adjoint.h"
#include "samples.h"

namespace kn::lab {
namespace {
constexpr int64_t ALL = std::numeric_limits<int64_t>::max();
constexpr int64_t DRAWN = 1000003;  // of an input of full size; a prime, so that what lies a power of two apart is not the same
constexpr int64_t PIECE = 1 << 20;  // elements that are compared at a time

// Of counts in I32 at full size, in relative norm: a rank among 65536 scores is 1 more or less where rounding moves the score next to it.
constexpr double OF_COUNTS = 1e-4;

std::string too_far(size_t output, double error, double bound) {
    if (error <= bound) return "";  // NaN is not
    char text[160];
    std::snprintf(text, sizeof text, "output %zu is off by %.3g, allowed is %.3g", output, error, bound);
    return text;
}

/// What the results of a case's variants are held against, in rising order of variants.
class Standard {
  public:
    virtual ~Standard() = default;
    /// What is wrong with a variant's results; empty if nothing.
    virtual std::string trouble(int variant, const std::vector<Bytes>& results) = 0;
};

/// The oracle in double; for variants after the first also the error of that.
class Oracle : public Standard {
  public:
    Oracle(const Case& c, const Trial& trial) : case_(c) {
        Values values;
        for (const Input& in : c.inputs) values.push_back(decode(trial.contents(values.size()).data(), in.dtype, in.count));
        for (const Output& out : c.outputs) {
            expected_.emplace_back(static_cast<size_t>(out.count));
            if (out.starts_as >= 0) expected_.back() = values[static_cast<size_t>(out.starts_as)];
        }
        if (c.oracle) {
            c.oracle(values, expected_);
            return;
        }
        const std::vector<Elements> in = elements_of(c, trial);
        for (size_t o = 0; o < expected_.size(); ++o) {
            for (size_t e = 0; e < expected_[o].size(); ++e) expected_[o][e] = c.element(in, o, static_cast<int64_t>(e));
        }
    }

    std::string trouble(int variant, const std::vector<Bytes>& results) override {
        std::vector<double> errors;
        for (size_t o = 0; o < results.size(); ++o) {
            const Output& out = case_.outputs[o];
            Distance distance(out.dtype);
            distance.add(decode(results[o].data(), out.dtype, out.count), expected_[o]);
            errors.push_back(distance.value());
            double bound = error_bound(case_, o);
            if (variant > 1 && !plain_.empty()) {
                const double roundoff = unit_roundoff(out.dtype == KN_BF16 ? KN_BF16 : KN_F32);
                bound = std::min(2 * plain_[o] + roundoff + case_.tolerance, 2 * bound);
            }
            const std::string what = too_far(o, errors[o], bound);
            if (!what.empty()) return what;
        }
        if (variant == 1) plain_ = errors;
        return "";
    }

  private:
    const Case& case_;
    Values expected_;
    std::vector<double> plain_;  // errors of variant 1; empty if it is not run or failed
};

/// The results of variant 1, which must be finite: where the oracle would take hours. Twice its bound, as the oracle allows the others. And for
/// all variants, as they share code, samples of what is right.
class Plain : public Standard {
  public:
    Plain(const Case& c, const Trial& trial) : case_(c), samples_(c, trial) {}

    std::string trouble(int variant, const std::vector<Bytes>& results) override {
        if (variant == 1) plain_ = results;
        for (size_t o = 0; o < results.size(); ++o) {
            const Output& out = case_.outputs[o];
            const bool counts = out.dtype == KN_I32;
            Distance distance(counts ? KN_F32 : out.dtype);
            const int64_t size = size_of(out.dtype);
            for (int64_t at = 0; at < out.count; at += PIECE) {
                const int64_t count = std::min(PIECE, out.count - at);
                const auto piece = [&](const Bytes& bytes) { return decode(bytes.data() + at * size, out.dtype, count); };
                distance.add(piece(results[o]), piece(plain_[o]));
            }
            if (variant == 1 && !(distance.value() == 0)) return "output " + std::to_string(o) + " is not finite";
            const std::string what = too_far(o, distance.value(), counts ? OF_COUNTS : 2 * error_bound(case_, o));
            if (!what.empty()) return what;
        }
        return samples_.trouble(variant, results);
    }

  private:
    const Case& case_;
    Samples samples_;
    std::vector<Bytes> plain_;
};

/// What is wrong with a variant; empty if nothing, "-" if it does not take the shape.
std::string trouble(const Case& c, Trial& trial, Standard& standard, int variant, int repeats) {
    std::vector<Bytes> first, again;
    const kn_status status = trial.run(variant, POISONS[0], &first);
    if (status == KN_UNSUPPORTED && variant > 1) return "-";
    if (status != KN_OK) return kn_last_error();
    std::string what = standard.trouble(variant, first);
    if (what.empty()) what = adjoint_trouble(c, trial, first);
    if (!what.empty()) return what;
    for (int r = 1; c.deterministic && r < repeats; ++r) {
        if (trial.run(variant, POISONS[r % 2], &again) != KN_OK) return kn_last_error();
        if (again != first) return "run " + std::to_string(r + 1) + " gave other bits than the first";
    }
    return "";
}

struct Tally {
    int checks = 0, failures = 0;

    void add(const Case& c, int variant, const std::string& what) {
        if (what == "-") return;
        ++checks;
        failures += !what.empty();
        if (!what.empty()) std::printf("FAILED %s v%d: %s\n", c.name().c_str(), variant, what.c_str());
        std::fflush(stdout);
    }
};

/// needs_plain: variant 1 is run whichever is asked for, as the others are held against it.
void check_variants(const Case& c, Trial& trial, Standard& standard, const Options& options, int repeats, bool needs_plain, Tally* tally) {
    for (int variant = 1; variant <= c.variants; ++variant) {
        if (options.variant != 0 && variant != options.variant && !(needs_plain && variant == 1)) continue;
        std::string what;
        try {
            what = trouble(c, trial, standard, variant, repeats);
        } catch (const std::string& e) {
            what = e;
        }
        tally->add(c, variant, what);
        if (needs_plain && variant == 1 && !what.empty()) return;
    }
}

void check_full_size(const Lab& lab, const Options& options, Tally* tally) {
    for (const Case& c : lab.of_full_size()) {
        if (c.name().find(options.only) == std::string::npos) continue;
        try {
            Trial trial(c, DRAWN);
            Plain standard(c, trial);
            check_variants(c, trial, standard, options, options.repeats > 0 ? options.repeats : 2, true, tally);
        } catch (const std::string& e) {
            tally->add(c, 1, e);
        }
    }
}
}  // namespace

int check(const Lab& lab, const Options& options) {
    const int repeats = options.repeats > 0 ? options.repeats : kn_is_emulated() ? 3 : 50;
    Tally tally;
    for (const Case& c : lab.cases()) {
        if (c.name().find(options.only) == std::string::npos) continue;
        Trial trial(c, ALL);
        Oracle standard(c, trial);
        check_variants(c, trial, standard, options, repeats, false, &tally);
    }
    if (options.full) check_full_size(lab, options, &tally);
    std::printf("%d checks, %d failed\n", tally.checks, tally.failures);
    return tally.checks == 0 ? 1 : tally.failures;
}
}  // namespace kn::lab
