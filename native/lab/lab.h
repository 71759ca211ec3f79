// kinema-lab: lists, checks and times the kernels without a JVM. A family's shapes.cc registers its cases.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../include/kinema.h"

namespace kn::lab {
/// The elements of each operand, in double.
using Values = std::vector<std::vector<double>>;

inline int64_t size_of(kn_dtype dtype) { return dtype == KN_I64 ? 8 : dtype == KN_BF16 ? 2 : dtype == KN_U8 ? 1 : 4; }

/// What is drawn for an input: floating numbers normal with this deviation, integers uniform in [0, limit). Rounded through the dtype.
struct Input {
    kn_dtype dtype;
    int64_t count;
    double deviation = 1;
    int64_t limit = 2;
    /// Changes what was drawn, as to normalise rows; rounded again after it.
    std::function<void(std::vector<double>&)> shape = nullptr;
};

/// Poisoned before each run, unless it starts as a copy of an input, which it then has the size and dtype of.
struct Output {
    kn_dtype dtype;
    int64_t count;
    int starts_as = -1;
};

/// What an input holds, on the host, read one element at a time.
class Elements {
  public:
    Elements(const unsigned char* bytes, kn_dtype dtype) : bytes_(bytes), dtype_(dtype) {}
    double operator[](int64_t i) const;

  private:
    const unsigned char* bytes_;
    kn_dtype dtype_;
};

/// Addresses of one run.
struct Call {
    std::vector<kn_dptr> in, out;
    kn_dptr workspace;
    kn_handle stream;
};

/// A kernel at one shape.
struct Case {
    std::string kernel;  // "<family>.<what>"
    kn_dtype dtype;      // of the computation
    std::string shape;
    int variants = 1;    // numbered from 1; 1 is the plain one that the others are held against
    std::vector<Input> inputs;
    std::vector<Output> outputs;
    int64_t workspace = 0;
    int64_t reduction = 1;      // terms of the longest sum
    double condition = 1;       // how much larger the terms of a sum are than it, where they cancel
    double tolerance = 0;       // added to the bound, for what is rounded to bf16 in between; say why where it is set
    bool deterministic = true;  // whether all runs must give the same bits
    double flops = 0, bytes = 0;
    /// Makes what runs start from and is no input, such as the results of a forward pass or a table of the call's addresses, in the workspace,
    /// which they leave as it is. It is not in their time. Null where there is nothing to make.
    std::function<kn_status(const Call& call)> prepare;
    /// KN_UNSUPPORTED where the variant does not take the shape, which is then left out.
    std::function<kn_status(int variant, const Call& call)> run;
    std::function<void(const Values& in, Values& out)> oracle;
    /// One element of an output by itself: in the place of an oracle where there is none, and at full size for samples of the elements.
    std::function<double(const std::vector<Elements>& in, size_t output, int64_t element)> element;
    /// Outputs, each with an input of its size: the inner products of all these pairs are one number in exact arithmetic, as <y, Ax> and
    /// <A'y, x> are for a linear map A.
    std::vector<std::pair<size_t, size_t>> adjoint;
    bool timed = true;  // where it is of full size; else it is only checked

    Case(std::string kernel_, kn_dtype dtype_, const std::vector<std::pair<const char*, int64_t>>& sizes);
    std::string name() const;
};

class Lab {
  public:
    void add(Case c) { cases_.push_back(std::move(c)); }
    /// Shapes too large for the emulator and for an oracle: timed, and where that is asked for held against variant 1.
    void full_size(const std::function<void(Lab&)>& more);
    const std::vector<Case>& cases() const { return cases_; }
    const std::vector<Case>& of_full_size() const { return of_full_size_; }

  private:
    std::vector<Case> cases_, of_full_size_;
};

/// Every family's cases; generated from the folders of native/kernels.
void register_families(Lab& lab);

struct Options {
    std::string only;  // a part of the name; all if empty
    int variant = 0;   // 0: all
    int repeats = 0;   // 0: 50 on a device, 3 in the emulator, 2 at full sizes
    bool full = false; // check goes over the full sizes, too
};
/// Returns how many checks failed; prints a line for each, and a summary.
int check(const Lab& lab, const Options& options);
}  // namespace kn::lab
