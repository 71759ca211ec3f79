// The lab's cases of the planted faults, in the place of the families'.
#include <algorithm>

#include "../../lab/lab.h"
#include "planted.h"

namespace kn::lab {
namespace {
/// fault: of the last variant; those before it are right.
void add(Lab& lab, const char* name, planted::Fault fault, int variants = 1) {
    Case c("planted." + std::string(name), KN_F32, {{"n", planted::ELEMENTS}});
    c.inputs = {{KN_F32, planted::ELEMENTS}};
    c.outputs = {{KN_F32, planted::ELEMENTS}};
    c.variants = variants;
    c.run = [=](int variant, const Call& call) {
        return planted::run(variant == variants ? fault : planted::Fault::NONE, call.out[0], call.in[0], call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        if (fault == planted::Fault::OVERFLOW) {
            std::fill(out[0].begin(), out[0].end(), 1);
        } else {
            std::reverse_copy(in[0].begin(), in[0].end(), out[0].begin());
        }
    };
    lab.add(std::move(c));
}
}  // namespace

void register_families(Lab& lab) {
    add(lab, "none", planted::Fault::NONE);
    add(lab, "overflow", planted::Fault::OVERFLOW);
    add(lab, "race", planted::Fault::RACE);
    lab.full_size([](Lab& l) { add(l, "full", planted::Fault::RACE, 2); });
}
}  // namespace kn::lab
