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
/// Whose variants agree, and reverse; what an element says is that they should not.
void add_agreed(Lab& lab) {
    Case c("planted.agreed", KN_F32, {{"n", planted::ELEMENTS}});
    c.inputs = {{KN_F32, planted::ELEMENTS}};
    c.outputs = {{KN_F32, planted::ELEMENTS}};
    c.variants = 2;
    c.run = [](int, const Call& call) { return planted::run(planted::Fault::NONE, call.out[0], call.in[0], call.stream); };
    c.element = [](const std::vector<Elements>& in, size_t, int64_t i) { return in[0][i]; };
    lab.add(std::move(c));
}

/// Ax and A'y of the map that reverses, which is its own adjoint; where wrong, A'y is y.
void add_adjoint(Lab& lab, const char* name, bool wrong) {
    constexpr int64_t N = planted::ELEMENTS;
    Case c("planted." + std::string(name), KN_F32, {{"n", N}});
    c.inputs = {{KN_F32, N}, {KN_F32, N}};
    c.outputs = {{KN_F32, N}, {KN_F32, N}};
    c.adjoint = {{0, 1}, {1, 0}};
    c.run = [=](int, const Call& call) {
        const kn_status status = planted::run(planted::Fault::NONE, call.out[0], call.in[0], call.stream);
        if (status != KN_OK) return status;
        if (wrong) return kn_copy(call.out[1], call.in[1], N * 4, call.stream);
        return planted::run(planted::Fault::NONE, call.out[1], call.in[1], call.stream);
    };
    lab.add(std::move(c));
}
}  // namespace

void register_families(Lab& lab) {
    add(lab, "none", planted::Fault::NONE);
    add(lab, "overflow", planted::Fault::OVERFLOW);
    add(lab, "race", planted::Fault::RACE);
    add(lab, "static", planted::Fault::STATIC);
    lab.full_size([](Lab& l) {
        add(l, "full", planted::Fault::RACE, 2);
        add_agreed(l);
        add_adjoint(l, "adjoint-right", false);
        add_adjoint(l, "adjoint-wrong", true);
    });
}
}  // namespace kn::lab
