// How the lab takes times, over the emulator, whose times are what they are: what is called how often on which memory, and what is said of it.
#include <cmath>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "../lab/device.h"
#include "../lab/timing.h"

namespace kn::lab {
void register_families(Lab&) {}
}  // namespace kn::lab

namespace {
using namespace kn::lab;
int failures = 0;

void expect(bool condition, const std::string& what) {
    if (!condition) {
        std::printf("FAILED: %s\n", what.c_str());
        ++failures;
    }
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr int64_t N = 1 << 16;

/// What the case below was called with.
struct Calls {
    std::set<kn_dptr> targets, prepared;
    int count = 0, preparations = 0;
};

/// Scales; variant 2 takes no shape.
void add_scale(Lab& lab, Calls* calls) {
    Case c("test.scale", KN_F32, {{"n", N}});
    c.variants = 2;
    c.inputs = {{KN_F32, N}};
    c.outputs = {{KN_F32, N}, {KN_F32, N, 0}};
    c.workspace = 4 * N;
    c.flops = 2.0 * N;
    c.bytes = 8.0 * N;
    c.prepare = [calls](const Call& call) {
        ++calls->preparations;
        calls->prepared.insert(call.workspace);
        return kn_elementwise_fill(call.workspace, N, 3.f, KN_F32, call.stream);
    };
    c.run = [calls](int variant, const Call& call) {
        if (variant == 2) return static_cast<kn_status>(KN_UNSUPPORTED);
        if (calls->count < 2) {  // the others are captured
            float first = 0;
            must(kn_copy_to_host(reinterpret_cast<uintptr_t>(&first), call.workspace, sizeof first, 0));
            expect(first == 3, "what was prepared is in each copy of the tensors");
        }
        calls->targets.insert(call.out[0]);
        ++calls->count;
        return kn_elementwise_unary(call.out[0], call.in[0], N, KN_UNARY_SCALE, 2.f, 1.f, KN_F32, call.stream);
    };
    lab.add(std::move(c));
}

void timings() {
    Calls calls;
    Lab lab;
    lab.full_size([&](Lab& l) { add_scale(l, &calls); });
    TimingOptions options;
    options.sample_seconds = 1e-4;
    options.which.repeats = 7;
    std::vector<Timing> found;
    const int64_t live = kn_live_objects();
    time_cases(lab, options, [&](const Timing& t) { found.push_back(t); });
    expect(kn_live_objects() == live, "objects left");
    expect(found.size() == 1 && found[0].variant == 1, "a variant that does not take the shape is left out");
    const Timing& t = found[0];
    const int64_t cache = kn_device_property(0, KN_L2_BYTES), set = 4 * 4 * N;
    expect(static_cast<int64_t>(calls.targets.size()) == (2 * cache + set - 1) / set && calls.targets.size() > 1,
           "sets of tensors: " + std::to_string(calls.targets.size()));
    expect(calls.count == 2 + t.calls, "a warm-up, a trial, and one capture: " + std::to_string(calls.count) + " calls");
    // each by itself, as what is prepared may hold addresses; and the captured calls prepare nothing
    expect(calls.prepared.size() == calls.targets.size() && calls.preparations == static_cast<int>(calls.prepared.size()),
           "each set of tensors is prepared once: " + std::to_string(calls.preparations) + " times, " +
               std::to_string(calls.prepared.size()) + " sets");
    expect(t.calls >= static_cast<int>(calls.targets.size()) && t.samples >= 5 && t.samples <= 7, "calls and samples");
    expect(t.median > 0 && t.median <= t.p90, "median " + std::to_string(t.median) + ", p90 " + std::to_string(t.p90));

    const Roofline roofline{2 * 8.0 * N / t.median, 4 * 2.0 * N / t.median, 1};
    expect(has(row(t, roofline), "50.0%"), row(t, roofline));
    const std::string text = json(roofline, found);
    expect(has(text, "\"kernel\": \"test.scale\", \"dtype\": \"f32\", \"shape\": \"n=65536\", \"variant\": 1, \"median_us\": "), text);
    expect(has(text, "\"share\": 0.5000}"), text);
}

void a_kernel_that_fails_is_an_error() {
    Lab lab;
    lab.full_size([](Lab& l) {
        Case c("test.refused", KN_F32, {{"n", 4}});
        c.inputs = {{KN_F32, 4}};
        c.outputs = {{KN_F32, 4}};
        c.run = [](int, const Call& call) { return kn_elementwise_fill(call.out[0], -1, 0.f, KN_F32, call.stream); };
        l.add(std::move(c));
    });
    std::string sentence;
    try {
        time_cases(lab, {}, [](const Timing&) {});
    } catch (const std::string& s) {
        sentence = s;
    }
    expect(sentence == "elementwise.fill: n = -1", sentence);
}

/// y[0] of the kernel, which keeps the multiply-adds that it counts.
float first_sum(kn_status (*kernel)(kn_dptr, int64_t, int64_t, kn_handle), int64_t rounds) {
    const OwnedMemory y(kn_memory_allocate(ROOFLINE_THREADS * 4));
    must(kernel(y.get(), 1, rounds, 0));
    std::vector<float> host(ROOFLINE_THREADS);
    must(kn_copy_to_host(reinterpret_cast<uintptr_t>(host.data()), y.get(), ROOFLINE_THREADS * 4, 0));
    must(kn_device_synchronize());
    return host[0];
}

void rooflines() {
    const Roofline r = measure_roofline({1 << 16, 1, 2, 2});
    expect(r.bytes > 0 && r.f32_flops > 0 && r.bf16_flops > 0, describe(r));
    expect(has(describe(r), "SIMT emulator: copies at "), describe(r));
    const Roofline known{100, 10, 1000};
    expect(known.seconds(50, 100, KN_F32) == 5 && known.seconds(50, 100, KN_BF16) == 1, "the later of both limits");
    expect(Roofline().seconds(50, 100, KN_F32) == 0, "nothing is known");

    double expected = 0;
    for (int chain = 0; chain < ROOFLINE_CHAINS; ++chain) {
        double sum = chain;
        for (int i = 0; i < 3; ++i) sum = sum * (1 - 0x1p-10) + 0.5;
        expected += sum;
    }
    expect(std::fabs(first_sum(roofline_f32, 3) - expected) < 1e-4, "multiply-adds " + std::to_string(first_sum(roofline_f32, 3)));
    const float once = first_sum(roofline_bf16, 1);
    expect(once != 0 && std::fabs(first_sum(roofline_bf16, 4) - 4 * once) < 1e-3 * std::fabs(once), "tiles " + std::to_string(once));
}
}  // namespace

int main() {
    timings();
    a_kernel_that_fails_is_an_error();
    rooflines();
    std::printf("%d failed\n", failures);
    return failures == 0 ? 0 : 1;
}
