// The command line of kinema-lab.
#include <cstdio>
#include <cstdlib>
#include <cstring>

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
    for (Case& c : large.cases_) timed_.push_back(std::move(c));
}
}  // namespace kn::lab

using namespace kn::lab;

static int usage() {
    std::fprintf(stderr,
                 "usage: kinema-lab list\n"
                 "       kinema-lab check [--only PART-OF-NAME] [--variant N] [--repeats N]\n");
    return 2;
}

int main(int count, char** words) {
    Lab lab;
    register_families(lab);
    if (count < 2) return usage();
    const std::string command = words[1];
    Options options;
    for (int i = 2; i < count; i += 2) {
        if (i + 1 == count) return usage();
        if (!std::strcmp(words[i], "--only")) {
            options.only = words[i + 1];
        } else if (!std::strcmp(words[i], "--variant")) {
            options.variant = std::atoi(words[i + 1]);
        } else if (!std::strcmp(words[i], "--repeats")) {
            options.repeats = std::atoi(words[i + 1]);
        } else {
            return usage();
        }
    }
    if (command == "list") {
        for (const Case& c : lab.cases()) std::printf("%s, %d variants\n", c.name().c_str(), c.variants);
        for (const Case& c : lab.timed()) std::printf("%s, %d variants, timed only\n", c.name().c_str(), c.variants);
        return 0;
    }
    if (command != "check") return usage();
    if (kn_device_count() == 0) {
        std::fprintf(stderr, "kinema-lab: %s\n", kn_last_error());
        return 1;
    }
    return check(lab, options) == 0 ? 0 : 1;
}
