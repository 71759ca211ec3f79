// See timing.h.
#include "timing.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <memory>

#include "device.h"
#include "values.h"

namespace kn::lab {
namespace {
constexpr int64_t ALIGNMENT = 256;
constexpr int64_t MOST_SETS = 4096;
constexpr int MOST_CALLS = 8192;
constexpr int FEWEST_SAMPLES = 5;
constexpr int SAMPLES = 50;
constexpr int WARM_UPS = 3;
constexpr int64_t DRAWN = 1 << 20;  // more numbers than these are these again, unless the case looks at all of them

int64_t aligned(int64_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

/// Copies of a case's tensors, each with the same contents, in one block of memory.
class Sets {
  public:
    explicit Sets(const Case& c) : case_(c), bytes_(bytes_of(c)), memory_(kn_memory_allocate(bytes_ * count())), stream_(kn_stream_create()) {
        for (int64_t i = 0; i < count(); ++i) calls_.push_back(call_at(memory_.get() + static_cast<kn_dptr>(i * bytes_)));
        must(kn_memory_set(memory_.get(), 0, bytes_, 0));
        fill(calls_[0]);
        for (int64_t i = 1; i < count(); ++i) must(kn_copy(memory_.get() + static_cast<kn_dptr>(i * bytes_), memory_.get(), bytes_, 0));
        must(kn_device_synchronize());
        // for each by itself, as what is prepared may hold addresses
        for (const Call& call : calls_) {
            if (c.prepare) must(c.prepare(call));
        }
        must(kn_stream_synchronize(stream()));
    }

    /// Enough to fill the L2 cache twice.
    int64_t count() const {
        const int64_t cache = kn_device_property(0, KN_L2_BYTES);
        return std::min(MOST_SETS, std::max<int64_t>(1, (2 * cache + bytes_ - 1) / bytes_));
    }
    const Call& call(int64_t i) const { return calls_[static_cast<size_t>(i % count())]; }
    kn_handle stream() const { return stream_.get(); }

  private:
    static int64_t bytes_of(const Case& c) {
        int64_t sum = aligned(std::max<int64_t>(c.workspace, 1));
        for (const Input& in : c.inputs) sum += aligned(in.count * size_of(in.dtype));
        for (const Output& out : c.outputs) sum += aligned(out.count * size_of(out.dtype));
        return sum;
    }

    Call call_at(kn_dptr next) const {
        Call call{};
        const auto take = [&next](int64_t bytes) {
            const kn_dptr here = next;
            next += static_cast<kn_dptr>(aligned(bytes));
            return here;
        };
        for (const Input& in : case_.inputs) call.in.push_back(take(in.count * size_of(in.dtype)));
        for (const Output& out : case_.outputs) call.out.push_back(take(out.count * size_of(out.dtype)));
        call.workspace = take(std::max<int64_t>(case_.workspace, 1));
        call.stream = stream_.get();
        return call;
    }

    void fill(const Call& call) const {
        std::mt19937_64 random(1);
        for (size_t i = 0; i < case_.inputs.size(); ++i) {
            const Input& in = case_.inputs[i];
            const Bytes drawn = draw(in, in.shape ? in.count : std::min(in.count, DRAWN), random);
            const int64_t all = in.count * size_of(in.dtype), piece = static_cast<int64_t>(drawn.size());
            for (int64_t at = 0; at < all; at += piece) {
                must(kn_copy_to_device(call.in[i] + static_cast<kn_dptr>(at), reinterpret_cast<uintptr_t>(drawn.data()),
                                       std::min(piece, all - at), 0));
            }
            must(kn_device_synchronize());  // the copies read what is about to go
        }
        for (size_t o = 0; o < case_.outputs.size(); ++o) {
            const Output& out = case_.outputs[o];
            if (out.starts_as < 0) continue;
            must(kn_copy(call.out[o], call.in[static_cast<size_t>(out.starts_as)], out.count * size_of(out.dtype), 0));
        }
    }

    const Case& case_;
    int64_t bytes_;
    OwnedMemory memory_;
    OwnedStream stream_;
    std::vector<Call> calls_;
};

/// Whether the variant took the shape.
bool time_variant(const Case& c, int variant, const Sets& sets, const TimingOptions& options, Timing* timing) {
    const kn_status status = c.run(variant, sets.call(0));
    if (status == KN_UNSUPPORTED) return false;
    must(status);
    must(kn_stream_synchronize(sets.stream()));
    Watch watch(sets.stream());
    const double one = watch.seconds([&] { return c.run(variant, sets.call(1)); });
    const double wanted = std::min<double>(MOST_CALLS, std::ceil(options.sample_seconds / std::max(one, 1e-9)));
    const int calls = std::max(static_cast<int>(wanted), static_cast<int>(sets.count()));

    must(kn_graph_begin(sets.stream()));
    kn_status captured = KN_OK;
    for (int i = 0; i < calls && captured == KN_OK; ++i) captured = c.run(variant, sets.call(i));
    const std::string sentence = captured == KN_OK ? "" : kn_last_error();
    const uint64_t ended = kn_graph_end(sets.stream());  // the capture must end even where a launch in it failed
    if (captured != KN_OK) {
        if (ended != 0) kn_graph_destroy(ended);
        throw sentence;
    }
    const OwnedGraph graph(ended);
    const auto replay = [&] { return kn_graph_launch(graph.get(), sets.stream()); };
    double sample = 0;
    for (int i = 0; i < WARM_UPS; ++i) sample = watch.seconds(replay);
    const int most = options.which.repeats > 0 ? options.which.repeats : SAMPLES;
    const double affordable = std::min<double>(most, options.total_seconds / std::max(sample, 1e-9));
    std::vector<double> seconds(static_cast<size_t>(std::max(std::min(FEWEST_SAMPLES, most), static_cast<int>(affordable))));
    for (double& s : seconds) s = watch.seconds(replay) / calls;
    std::sort(seconds.begin(), seconds.end());
    const size_t n = seconds.size();
    *timing = Timing{&c, variant, (seconds[(n - 1) / 2] + seconds[n / 2]) / 2, seconds[(9 * n + 9) / 10 - 1], static_cast<int>(n), calls};
    return true;
}

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
}  // namespace

void time_cases(const Lab& lab, const TimingOptions& options, const std::function<void(const Timing&)>& result) {
    for (const Case& c : lab.timed()) {
        if (c.name().find(options.which.only) == std::string::npos) continue;
        const Sets sets(c);
        for (int variant = 1; variant <= c.variants; ++variant) {
            Timing timing;
            if (options.which.variant != 0 && variant != options.which.variant) continue;
            if (time_variant(c, variant, sets, options, &timing)) result(timing);
        }
    }
}

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

std::string json(const Roofline& r, const std::vector<Timing>& timings) {
    std::string text = "{\n";
    text += "  \"device\": " + quoted(kn_device_name(0)) + ",\n";
    text += formatted("  \"compute_capability\": %lld,\n  \"driver\": %lld,\n  \"runtime\": %lld,\n  \"l2_bytes\": %lld,\n",
                      static_cast<long long>(kn_device_property(0, KN_COMPUTE_CAPABILITY)),
                      static_cast<long long>(kn_device_property(0, KN_DRIVER_VERSION)),
                      static_cast<long long>(kn_device_property(0, KN_RUNTIME_VERSION)),
                      static_cast<long long>(kn_device_property(0, KN_L2_BYTES)));
    text += "  \"build\": " + quoted(kn_build_id()) + formatted(",\n  \"emulated\": %s,\n", kn_is_emulated() ? "true" : "false");
    text += formatted("  \"roofline\": {\"gb_per_s\": %.2f, \"f32_tflops\": %.3f, \"bf16_tflops\": %.3f},\n  \"timings\": [", r.bytes / 1e9,
                      r.f32_flops / 1e12, r.bf16_flops / 1e12);
    for (size_t i = 0; i < timings.size(); ++i) {
        const Timing& t = timings[i];
        const double least = r.seconds(t.of->flops, t.of->bytes, t.of->dtype);
        text += i == 0 ? "\n" : ",\n";
        text += "    {\"kernel\": " + quoted(t.of->kernel) + ", \"dtype\": " + quoted(name_of(t.of->dtype)) + ", \"shape\": " + quoted(t.of->shape);
        text += formatted(", \"variant\": %d, \"median_us\": %.3f, \"p90_us\": %.3f, \"samples\": %d, \"calls\": %d, \"flops\": %.0f, "
                          "\"bytes\": %.0f, \"least_us\": %.3f, \"share\": %.4f}",
                          t.variant, t.median * 1e6, t.p90 * 1e6, t.samples, t.calls, t.of->flops, t.of->bytes, least * 1e6, least / t.median);
    }
    return text + "\n  ]\n}\n";
}
}  // namespace kn::lab
