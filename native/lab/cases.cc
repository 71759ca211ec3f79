// What a case is called, and where full sizes go.
#include "lab.h"

namespace kn::lab {
Case::Case(std::string kernel_, kn_dtype dtype_, const std::vector<std::pair<const char*, int64_t>>& sizes)
    : kernel(std::move(kernel_)), dtype(dtype_) {
    for (const auto& size : sizes) shape += (shape.empty() ? "" : " ") + std::string(size.first) + "=" + std::to_string(size.second);
}

std::string Case::name() const {
    static const char* const DTYPES[] = {"f32", "bf16", "i32", "i64", "u8"};
    return kernel + " " + DTYPES[dtype] + " " + shape;
}

void Lab::full_size(const std::function<void(Lab&)>& more) {
    Lab large;
    more(large);
    for (Case& c : large.cases_) of_full_size_.push_back(std::move(c));
}
}  // namespace kn::lab
