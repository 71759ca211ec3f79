// A case on the device: its tensors between guard bytes, runs of its variants, and how far results are from what is expected.
#pragma once
#include <memory>

#include "lab.h"
#include "values.h"

namespace kn::lab {
constexpr unsigned char POISONS[] = {0xFF, 0x71};  // NaN; 1e30 as float and as bf16

/// Memory on the device with guards at both ends.
class Memory {
  public:
    /// Throws the sentence where there is not enough.
    explicit Memory(int64_t bytes);
    ~Memory() { kn_memory_free(base_); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    kn_dptr address() const;
    void poison(unsigned char byte) { kn_memory_set(address(), byte, static_cast<int64_t>(bytes_), 0); }
    void write(const Bytes& from);
    /// Throws a sentence where a guard was written.
    Bytes read() const;

  private:
    size_t bytes_;
    kn_dptr base_;
};

/// One case with its memory.
class Trial {
  public:
    /// Of each input at most so many elements are drawn, and then again and again, unless the case looks at all of them.
    Trial(const Case& c, int64_t drawn);

    /// Poisons the outputs, runs a variant and reads what it made. Throws where it wrote what is not an output.
    kn_status run(int variant, unsigned char poison, std::vector<Bytes>* results);
    /// What an input holds.
    const Bytes& contents(size_t input) const { return contents_[input]; }

  private:
    const Case& case_;
    std::vector<Bytes> contents_;
    std::vector<std::unique_ptr<Memory>> memory_, results_;
    Memory workspace_;
    Call call_;
};

/// The inputs of a case as they are on the host.
std::vector<Elements> elements_of(const Case& c, const Trial& trial);

/// |y - expected| / |expected|, summed up piece by piece; NaN where any element is. Integers: how many differ.
class Distance {
  public:
    explicit Distance(kn_dtype dtype) : exact_(dtype != KN_F32 && dtype != KN_BF16) {}
    void add(const std::vector<double>& y, const std::vector<double>& expected);
    double value() const;

  private:
    bool exact_;
    double difference_ = 0, size_ = 0;
};

/// Of an element of the dtype, relative.
double unit_roundoff(kn_dtype dtype);
/// The error that variant 1 may have in an output, where expected is what is exact; 0 for integers.
double error_bound(const Case& c, size_t output);
}  // namespace kn::lab
