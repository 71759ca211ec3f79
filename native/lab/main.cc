// The command line of kinema-lab.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lab.h"
#include "results.h"

namespace {
using namespace kn::lab;

int usage() {
    std::fprintf(stderr,
                 "usage: kinema-lab list\n"
                 "       kinema-lab check [--full] [--only PART-OF-NAME] [--variant N] [--repeats N]\n"
                 "       kinema-lab time [--only PART-OF-NAME] [--variant N] [--repeats SAMPLES] [--budget SECONDS] [--json FILE]\n"
                 "       kinema-lab roofline [--json FILE]\n");
    return 2;
}

int list(const Lab& lab) {
    for (const Case& c : lab.cases()) std::printf("%s, %d variants\n", c.name().c_str(), c.variants);
    for (const Case& c : lab.of_full_size()) {
        std::printf("%s, %d variants, of full size: %.3f GFLOP, %.3f MB\n", c.name().c_str(), c.variants, c.flops / 1e9, c.bytes / 1e6);
    }
    return 0;
}

/// Measures the limits, and with a lab the kernels; the table goes to the console, all of it to the file.
int measure(const Lab* lab, const TimingOptions& options, const std::string& file) {
    if (kn_is_emulated()) {
        std::fprintf(stderr, "kinema-lab: times of the emulator say nothing of a device: use the lab that nvcc builds\n");
        return 1;
    }
    const Results results = measure(lab, options, {}, file, [](const std::string& line) {
        std::printf("%s\n", line.c_str());
        std::fflush(stdout);
    });
    if (!lab) return 0;
    if (results.left_out > 0) std::printf("%d cases left out: the budget was spent\n", results.left_out);
    if (!results.failures.empty()) std::printf("%zu failed\n", results.failures.size());
    if (results.timings.empty() && results.failures.empty() && results.left_out == 0) {
        std::fprintf(stderr, "kinema-lab: no case is named so: see kinema-lab list\n");
        return 1;
    }
    return results.failures.empty() ? 0 : 1;
}
}  // namespace

int main(int count, char** words) {
    Lab lab;
    register_families(lab);
    if (count < 2) return usage();
    const std::string command = words[1];
    TimingOptions options;
    std::string file;
    for (int i = 2; i < count; i += 2) {
        if (!std::strcmp(words[i], "--full") && command == "check") {
            options.which.full = true;
            --i;  // it has no value
            continue;
        }
        if (i + 1 == count) return usage();
        if (!std::strcmp(words[i], "--only")) {
            options.which.only = words[i + 1];
        } else if (!std::strcmp(words[i], "--variant")) {
            options.which.variant = std::atoi(words[i + 1]);
        } else if (!std::strcmp(words[i], "--repeats")) {
            options.which.repeats = std::atoi(words[i + 1]);
        } else if (!std::strcmp(words[i], "--json")) {
            file = words[i + 1];
        } else if (!std::strcmp(words[i], "--budget") && std::atof(words[i + 1]) > 0) {
            options.budget_seconds = std::atof(words[i + 1]);
        } else {
            return usage();
        }
    }
    if (command == "list") return list(lab);
    if (command != "check" && command != "time" && command != "roofline") return usage();
    if (kn_device_count() == 0) {
        std::fprintf(stderr, "kinema-lab: %s\n", kn_last_error());
        return 1;
    }
    if (command == "check" && options.which.full && kn_is_emulated() && options.which.only.empty()) {
        std::fprintf(stderr, "kinema-lab: full sizes would take the emulator days: name one by --only (minutes), or use the lab of nvcc\n");
        return 1;
    }
    if (command == "check") return check(lab, options.which) == 0 ? 0 : 1;
    try {
        return measure(command == "time" ? &lab : nullptr, options, file);
    } catch (const std::string& sentence) {
        std::fprintf(stderr, "kinema-lab: %s\n", sentence.c_str());
        return 1;
    }
}
