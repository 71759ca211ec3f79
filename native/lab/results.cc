// See results.h.
#include "results.h"

#include <cstdarg>
#include <cstdio>

namespace kn::lab {
namespace {
std::string formatted(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string formatted(const char* format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

const char* name_of(kn_dtype dtype) {
    static const char* const NAMES[] = {"f32", "bf16", "i32", "i64", "u8"};
    return NAMES[dtype];
}

std::string quoted(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return quoted + "\"";
}

std::string named(const Case& c, int variant) {
    return "    {\"kernel\": " + quoted(c.kernel) + ", \"dtype\": " + quoted(name_of(c.dtype)) + ", \"shape\": " + quoted(c.shape) +
           formatted(", \"variant\": %d, ", variant);
}

std::string json(const Timing& t, const Roofline& roofline) {
    const double least = roofline.seconds(t.of->flops, t.of->bytes, t.of->dtype);
    return named(*t.of, t.variant) + formatted("\"median_us\": %.3f, \"p90_us\": %.3f, \"samples\": %d, \"calls\": %d, \"flops\": %.0f, "
                                               "\"bytes\": %.0f, \"least_us\": %.3f, \"share\": %.4f}",
                                               t.median * 1e6, t.p90 * 1e6, t.samples, t.calls, t.of->flops, t.of->bytes, least * 1e6,
                                               least / t.median);
}

std::string json(const Failure& f) { return named(*f.of, f.variant) + "\"error\": " + quoted(f.sentence) + "}"; }

/// The elements of a list, a line each.
template <class T, class F> std::string lines(const std::vector<T>& all, F&& line) {
    std::string text;
    for (const T& one : all) text += (text.empty() ? "\n" : ",\n") + line(one);
    return text + "\n  ]";
}

/// Puts the text in the file's place in one step, so that there is never half of it.
void replace(const std::string& file, const std::string& text) {
    const std::string part = file + ".part";
    std::FILE* to = std::fopen(part.c_str(), "w");
    bool good = to && std::fputs(text.c_str(), to) >= 0;
    if (to) good = std::fclose(to) == 0 && good;
    if (good && std::rename(part.c_str(), file.c_str()) == 0) return;
    if (to) std::remove(part.c_str());
    throw file + " cannot be written: name a file in a folder that exists, on a disk that has room";
}
}  // namespace

std::string heading() {
    return formatted("%-100s %2s %10s %10s %9s %9s %10s %6s", "", "v", "median us", "p90 us", "TFLOP/s", "GB/s", "least us", "share");
}

std::string row(const Timing& t, const Roofline& roofline) {
    const double least = roofline.seconds(t.of->flops, t.of->bytes, t.of->dtype);
    return formatted("%-100s %2d %10.2f %10.2f %9.2f %9.1f %10.2f %5.1f%%", t.of->name().c_str(), t.variant, t.median * 1e6, t.p90 * 1e6,
                     t.of->flops / t.median / 1e12, t.of->bytes / t.median / 1e9, least * 1e6, 100 * least / t.median);
}

std::string describe(const Roofline& r) {
    return formatted("%s: copies at %.1f GB/s (read and written), multiply-adds at %.2f TFLOP/s in f32, mma.sync at %.2f TFLOP/s in bf16",
                     kn_device_name(0), r.bytes / 1e9, r.f32_flops / 1e12, r.bf16_flops / 1e12);
}

std::string json(const Results& results) {
    const Roofline& r = results.roofline;
    std::string text = "{\n";
    text += "  \"device\": " + quoted(kn_device_name(0)) + ",\n";
    text += formatted("  \"compute_capability\": %lld,\n  \"driver\": %lld,\n  \"runtime\": %lld,\n  \"l2_bytes\": %lld,\n",
                      static_cast<long long>(kn_device_property(0, KN_COMPUTE_CAPABILITY)),
                      static_cast<long long>(kn_device_property(0, KN_DRIVER_VERSION)),
                      static_cast<long long>(kn_device_property(0, KN_RUNTIME_VERSION)),
                      static_cast<long long>(kn_device_property(0, KN_L2_BYTES)));
    text += "  \"build\": " + quoted(kn_build_id()) + formatted(",\n  \"emulated\": %s,\n", kn_is_emulated() ? "true" : "false");
    text += formatted("  \"complete\": %s,\n  \"left_out\": %d,\n", results.complete ? "true" : "false", results.left_out);
    text += formatted("  \"roofline\": {\"gb_per_s\": %.2f, \"f32_tflops\": %.3f, \"bf16_tflops\": %.3f},\n", r.bytes / 1e9,
                      r.f32_flops / 1e12, r.bf16_flops / 1e12);
    text += "  \"timings\": [" + lines(results.timings, [&](const Timing& t) { return json(t, r); }) + ",\n";
    text += "  \"failed\": [" + lines(results.failures, [](const Failure& f) { return json(f); }) + "\n";
    return text + "}\n";
}

Results measure(const Lab* lab, const TimingOptions& options, const RooflineSizes& sizes, const std::string& file,
                const std::function<void(const std::string&)>& line) {
    Results results;
    const auto keep = [&] {
        if (!file.empty()) replace(file, json(results));
    };
    results.roofline = measure_roofline(sizes);
    keep();  // a file that cannot be written is known before the minutes that the kernels take
    line(describe(results.roofline));
    if (lab) {
        line(heading());
        Listener listener;
        listener.timed = [&](const Timing& timing) {
            results.timings.push_back(timing);
            line(row(timing, results.roofline));
            keep();
        };
        listener.failed = [&](const Failure& failure) {
            results.failures.push_back(failure);
            const std::string variant = failure.variant == 0 ? "" : " v" + std::to_string(failure.variant);
            line("FAILED " + failure.of->name() + variant + ": " + failure.sentence);
            keep();
        };
        results.left_out = time_cases(*lab, options, listener);
    }
    results.complete = true;
    keep();
    return results;
}
}  // namespace kn::lab
