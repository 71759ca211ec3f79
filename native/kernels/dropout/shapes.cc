// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include "../../lab/lab.h"
#include "../../lab/philox.h"
#include "dropout.h"

namespace kn::lab {
namespace {
void add_apply(Lab& lab, int64_t n, double p, kn_dtype dtype) {
    constexpr int32_t SALT = 3;
    Case c("dropout.apply", dtype, {{"n", n}, {"percent", static_cast<int64_t>(p * 100)}});
    c.variants = dropout::VARIANTS;
    c.inputs = {{dtype, n}, {KN_I64, 2, 1, int64_t{1} << 50}};
    c.outputs = {{dtype, n}};
    c.bytes = 2.0 * static_cast<double>(n * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return dropout::apply(variant, call.out[0], call.in[0], call.in[1], n, p, SALT, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (size_t i = 0; i < in[0].size(); ++i) out[0][i] = dropped(in[0][i], in[1], p, SALT, i);
    };
    lab.add(std::move(c));
}
}  // namespace

void register_dropout(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (int64_t n : {int64_t{1}, int64_t{257}, int64_t{4096 + 3}}) add_apply(lab, n, 0.25, dtype);
        add_apply(lab, 1003, 0.1, dtype);
        add_apply(lab, 64, 0, dtype);
    }
    // activations of TxE
    lab.full_size([](Lab& l) { add_apply(l, int64_t{10240} * 1024, 0.1, KN_BF16); });
}
}  // namespace kn::lab
