// See trial.h.
#include "trial.h"

#include <algorithm>
#include <cmath>

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

/// So many bytes that begin with the given ones, and go on with them from their start.
Bytes repeated(Bytes drawn, size_t bytes) {
    const size_t period = drawn.size();
    drawn.resize(bytes);
    for (size_t i = period; i < bytes; ++i) drawn[i] = drawn[i - period];
    return drawn;
}
}  // namespace

Memory::Memory(int64_t bytes) : bytes_(static_cast<size_t>(bytes)), base_(kn_memory_allocate(bytes + 2 * static_cast<int64_t>(GUARD))) {
    if (base_ == 0) throw std::string(kn_last_error());
    kn_memory_set(base_, GUARD_BYTE, static_cast<int64_t>(bytes_ + 2 * GUARD), 0);
    kn_device_synchronize();
}

kn_dptr Memory::address() const { return base_ + GUARD; }

void Memory::write(const Bytes& from) {
    kn_copy_to_device(address(), reinterpret_cast<uintptr_t>(from.data()), static_cast<int64_t>(bytes_), 0);
    kn_device_synchronize();
}

Bytes Memory::read() const {
    Bytes all(bytes_ + 2 * GUARD);
    kn_copy_to_host(reinterpret_cast<uintptr_t>(all.data()), base_, static_cast<int64_t>(all.size()), 0);
    kn_device_synchronize();
    for (size_t i = 0; i < GUARD; ++i) {
        if (all[i] != GUARD_BYTE || all[GUARD + bytes_ + i] != GUARD_BYTE) throw std::string("memory beyond a tensor was written");
    }
    return Bytes(all.begin() + GUARD, all.end() - static_cast<std::ptrdiff_t>(GUARD));
}

Trial::Trial(const Case& c, int64_t drawn) : case_(c), workspace_(c.workspace) {
    std::mt19937_64 random(std::hash<std::string>()(c.name()));
    for (const Input& in : c.inputs) {
        const int64_t count = in.shape ? in.count : std::min(in.count, drawn);
        contents_.push_back(repeated(draw(in, count, random), static_cast<size_t>(in.count * size_of(in.dtype))));
        memory_.push_back(std::make_unique<Memory>(static_cast<int64_t>(contents_.back().size())));
        memory_.back()->write(contents_.back());
        call_.in.push_back(memory_.back()->address());
    }
    for (const Output& out : c.outputs) {
        results_.push_back(std::make_unique<Memory>(out.count * size_of(out.dtype)));
        call_.out.push_back(results_.back()->address());
    }
    call_.workspace = workspace_.address();
    call_.stream = 0;
}

kn_status Trial::run(int variant, unsigned char poison, std::vector<Bytes>* results) {
    for (size_t i = 0; i < results_.size(); ++i) {
        const int from = case_.outputs[i].starts_as;
        if (from >= 0) {
            results_[i]->write(contents_[static_cast<size_t>(from)]);
        } else {
            results_[i]->poison(poison);
        }
    }
    workspace_.poison(poison);
    kn_status status = case_.prepare ? case_.prepare(call_) : static_cast<kn_status>(KN_OK);
    if (status == KN_OK) status = case_.run(variant, call_);
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

std::vector<Elements> elements_of(const Case& c, const Trial& trial) {
    std::vector<Elements> all;
    for (const Input& in : c.inputs) all.emplace_back(trial.contents(all.size()).data(), in.dtype);
    return all;
}

void Distance::add(const std::vector<double>& y, const std::vector<double>& expected) {
    for (size_t i = 0; i < y.size(); ++i) {
        const double d = y[i] - expected[i];
        difference_ += exact_ ? d != 0 : d * d;
        size_ += expected[i] * expected[i];
    }
}

double Distance::value() const { return exact_ ? difference_ : std::sqrt(difference_) / (size_ == 0 ? 1 : std::sqrt(size_)); }

double unit_roundoff(kn_dtype dtype) { return dtype == KN_BF16 ? 0x1p-8 : FLOAT_ROUNDOFF; }

double error_bound(const Case& c, size_t output) {
    const kn_dtype dtype = c.outputs[output].dtype;
    if (dtype != KN_F32 && dtype != KN_BF16) return 0;
    return unit_roundoff(dtype) + SAFETY * FLOAT_ROUNDOFF * std::sqrt(static_cast<double>(c.reduction)) * c.condition + c.tolerance;
}
}  // namespace kn::lab
