// Holds every variant at every shape against the oracle in double: see docs of Case for what is assumed of errors.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>

#include "lab.h"
#include "values.h"

namespace kn::lab {
namespace {
constexpr double FLOAT_ROUNDOFF = 0x1p-24;
constexpr double SAFETY = 4;  // between the typical error of a sum and its worst, and for the few roundings around it
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t GUARD = 0;  // the sanitizer watches the ends, more closely
#else
constexpr size_t GUARD = 256;
#endif
constexpr unsigned char GUARD_BYTE = 0xA5;
constexpr unsigned char POISONS[] = {0xFF, 0x71};  // NaN; 1e30 as float and as bf16

double unit_roundoff(kn_dtype dtype) { return dtype == KN_BF16 ? 0x1p-8 : FLOAT_ROUNDOFF; }

/// Memory on the device with guards at both ends.
class Memory {
  public:
    explicit Memory(int64_t bytes) : bytes_(static_cast<size_t>(bytes)), base_(kn_memory_allocate(bytes + 2 * static_cast<int64_t>(GUARD))) {
        if (base_ == 0) throw std::string(kn_last_error());
        kn_memory_set(base_, GUARD_BYTE, static_cast<int64_t>(bytes_ + 2 * GUARD), 0);
        kn_device_synchronize();
    }
    ~Memory() { kn_memory_free(base_); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    kn_dptr address() const { return base_ + GUARD; }
    void poison(unsigned char byte) { kn_memory_set(address(), byte, static_cast<int64_t>(bytes_), 0); }
    void write(const std::vector<unsigned char>& from) { copy_in(from.data()); }
    std::vector<unsigned char> read() const {
        std::vector<unsigned char> all(bytes_ + 2 * GUARD);
        kn_copy_to_host(reinterpret_cast<uintptr_t>(all.data()), base_, static_cast<int64_t>(all.size()), 0);
        kn_device_synchronize();
        for (size_t i = 0; i < GUARD; ++i) {
            if (all[i] != GUARD_BYTE || all[GUARD + bytes_ + i] != GUARD_BYTE) throw std::string("memory beyond a tensor was written");
        }
        return std::vector<unsigned char>(all.begin() + GUARD, all.end() - static_cast<std::ptrdiff_t>(GUARD));
    }

  private:
    void copy_in(const unsigned char* from) {
        kn_copy_to_device(address(), reinterpret_cast<uintptr_t>(from), static_cast<int64_t>(bytes_), 0);
        kn_device_synchronize();
    }
    size_t bytes_;
    kn_dptr base_;
};

/// One case with its memory.
class Trial {
  public:
    explicit Trial(const Case& c) : case_(c), workspace_(c.workspace) {
        std::mt19937_64 random(std::hash<std::string>()(c.name()));
        for (const Input& in : c.inputs) {
            const Bytes bytes = draw(in, in.count, random);
            values_.push_back(decode(bytes.data(), in.dtype, in.count));
            memory_.push_back(std::make_unique<Memory>(static_cast<int64_t>(bytes.size())));
            memory_.back()->write(bytes);
            contents_.push_back(bytes);
            call_.in.push_back(memory_.back()->address());
        }
        for (const Output& out : c.outputs) {
            expected_.emplace_back(static_cast<size_t>(out.count));
            if (out.starts_as >= 0) expected_.back() = values_[static_cast<size_t>(out.starts_as)];
            results_.push_back(std::make_unique<Memory>(out.count * size_of(out.dtype)));
            call_.out.push_back(results_.back()->address());
        }
        call_.workspace = workspace_.address();
        call_.stream = 0;
        c.oracle(values_, expected_);
    }

    kn_status run(int variant, unsigned char poison, std::vector<Bytes>* results) {
        for (size_t i = 0; i < results_.size(); ++i) {
            const int from = case_.outputs[i].starts_as;
            if (from >= 0) {
                results_[i]->write(contents_[static_cast<size_t>(from)]);
            } else {
                results_[i]->poison(poison);
            }
        }
        workspace_.poison(poison);
        kn_status status = case_.run(variant, call_);
        if (status == KN_OK) status = kn_device_synchronize();
        if (status != KN_OK) return status;
        results->clear();
        for (auto& memory : results_) results->push_back(memory->read());
        for (size_t i = 0; i < memory_.size(); ++i) {
            if (memory_[i]->read() != contents_[i]) throw std::string("an input was written");
        }
        workspace_.read();
        return KN_OK;
    }

    /// |y - expected| / |expected| of each output; NaN where any element is. Integers: how many differ.
    std::vector<double> errors(const std::vector<Bytes>& results) const {
        std::vector<double> errors;
        for (size_t o = 0; o < results.size(); ++o) {
            const Output& out = case_.outputs[o];
            const std::vector<double> got = decode(results[o].data(), out.dtype, out.count);
            const bool exact = out.dtype != KN_F32 && out.dtype != KN_BF16;
            double difference = 0, size = 0;
            for (size_t i = 0; i < got.size(); ++i) {
                const double d = got[i] - expected_[o][i];
                difference += exact ? d != 0 : d * d;
                size += expected_[o][i] * expected_[o][i];
            }
            errors.push_back(exact ? difference : std::sqrt(difference) / (size == 0 ? 1 : std::sqrt(size)));
        }
        return errors;
    }

    double bound(size_t output) const {
        const kn_dtype dtype = case_.outputs[output].dtype;
        if (dtype != KN_F32 && dtype != KN_BF16) return 0;
        return unit_roundoff(dtype) + SAFETY * FLOAT_ROUNDOFF * std::sqrt(static_cast<double>(case_.reduction)) * case_.condition
            + case_.tolerance;
    }

  private:
    const Case& case_;
    Values values_, expected_;
    std::vector<Bytes> contents_;
    std::vector<std::unique_ptr<Memory>> memory_, results_;
    Memory workspace_;
    Call call_;
};

/// What is wrong with a variant; empty if nothing. plain: the first variant's errors, set by it.
std::string trouble(const Case& c, Trial& trial, int variant, int repeats, std::vector<double>* plain, std::vector<double>* errors) {
    std::vector<Bytes> first, again;
    const kn_status status = trial.run(variant, POISONS[0], &first);
    if (status == KN_UNSUPPORTED && variant > 1) return "-";
    if (status != KN_OK) return kn_last_error();
    *errors = trial.errors(first);
    for (size_t o = 0; o < errors->size(); ++o) {
        const double roundoff = c.outputs[o].dtype == KN_BF16 ? 0x1p-8 : FLOAT_ROUNDOFF;
        const double bound = variant == 1 || plain->empty() ? trial.bound(o) : std::min(2 * (*plain)[o] + roundoff + c.tolerance, 2 * trial.bound(o));
        if (!((*errors)[o] <= bound)) {
            char text[160];
            std::snprintf(text, sizeof text, "output %zu is off by %.3g, allowed is %.3g", o, (*errors)[o], bound);
            return text;
        }
    }
    if (variant == 1) *plain = *errors;
    for (int r = 1; c.deterministic && r < repeats; ++r) {
        if (trial.run(variant, POISONS[r % 2], &again) != KN_OK) return kn_last_error();
        if (again != first) return "run " + std::to_string(r + 1) + " gave other bits than the first";
    }
    return "";
}
}  // namespace

int check(const Lab& lab, const Options& options) {
    const int repeats = options.repeats > 0 ? options.repeats : kn_is_emulated() ? 3 : 50;
    int failures = 0, checks = 0;
    for (const Case& c : lab.cases()) {
        if (c.name().find(options.only) == std::string::npos) continue;
        Trial trial(c);
        std::vector<double> plain, errors;
        for (int variant = 1; variant <= c.variants; ++variant) {
            if (options.variant != 0 && variant != options.variant) continue;
            std::string what;
            try {
                what = trouble(c, trial, variant, repeats, &plain, &errors);
            } catch (const std::string& e) {
                what = e;
            }
            if (what == "-") continue;
            ++checks;
            failures += !what.empty();
            if (!what.empty()) std::printf("FAILED %s v%d: %s\n", c.name().c_str(), variant, what.c_str());
        }
    }
    std::printf("%d checks, %d failed\n", checks, failures);
    return checks == 0 ? 1 : failures;
}
}  // namespace kn::lab
