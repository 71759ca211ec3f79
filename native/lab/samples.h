// Some elements of outputs that are too many for an oracle.
#pragma once
#include "trial.h"

namespace kn::lab {
/// The first and the last element of each output, and others at random, in double; none where a case does not say what an element is.
class Samples {
  public:
    Samples(const Case& c, const Trial& trial);

    /// What is wrong with a variant's results; empty if nothing. The bounds are those of the oracle, for errors relative to the samples.
    std::string trouble(int variant, const std::vector<Bytes>& results) const;

  private:
    const Case& case_;
    std::vector<std::vector<int64_t>> at_;  // of each output
    Values expected_;
};
}  // namespace kn::lab
