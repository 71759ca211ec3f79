// How the lab takes times, over the emulator, whose times are what they are: what is called how often on which memory, and what is said of it.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../lab/device.h"
#include "../lab/results.h"

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

/// Hands all outcomes to the lists.
Listener into(std::vector<Timing>* timings, std::vector<Failure>* failed) {
    return {[=](const Timing& t) { timings->push_back(t); }, [=](const Failure& f) { failed->push_back(f); }};
}

void timings() {
    Calls calls;
    Lab lab;
    lab.full_size([&](Lab& l) { add_scale(l, &calls); });
    TimingOptions options;
    options.sample_seconds = 1e-4;
    options.total_seconds = 1000;  // no call of the emulator is slow beside it
    options.which.repeats = 7;
    std::vector<Timing> found;
    std::vector<Failure> failed;
    const int64_t live = kn_live_objects();
    expect(time_cases(lab, options, into(&found, &failed)) == 0 && failed.empty(), "nothing fails");
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
    expect(t.calls >= static_cast<int>(calls.targets.size()) && t.samples == 7, "calls and samples");
    expect(t.median > 0 && t.median <= t.p90, "median " + std::to_string(t.median) + ", p90 " + std::to_string(t.p90));

    const Roofline roofline{2 * 8.0 * N / t.median, 4 * 2.0 * N / t.median, 1};
    expect(has(row(t, roofline), "50.0%"), row(t, roofline));
    const std::string text = json(Results{roofline, found, {}, 0, true});
    expect(has(text, "\"kernel\": \"test.scale\", \"dtype\": \"f32\", \"shape\": \"n=65536\", \"variant\": 1, \"median_us\": "), text);
    expect(has(text, "\"share\": 0.5000}"), text);
}

/// Does nothing, for so long.
Case idle(const char* name, double seconds, int* count) {
    Case c(name, KN_F32, {{"n", 4}});
    c.outputs = {{KN_F32, 4}};
    c.run = [=](int, const Call&) {
        ++*count;
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
        return static_cast<kn_status>(KN_OK);
    };
    return c;
}

Timing time_of(double seconds, double total_seconds, int* count) {
    Lab lab;
    lab.full_size([&](Lab& l) { l.add(idle("test.idle", seconds, count)); });
    TimingOptions options;
    options.total_seconds = total_seconds;
    std::vector<Timing> found;
    std::vector<Failure> failed;
    time_cases(lab, options, into(&found, &failed));
    expect(found.size() == 1 && failed.empty(), "one timing");
    return found.empty() ? Timing{} : found[0];
}

void slow_calls_are_few() {
    int count = 0;
    const Timing once = time_of(0.02, 0.01, &count);
    expect(count == 1 && once.samples == 1 && once.calls == 1, "longer than all may take: " + std::to_string(count) + " calls");
    expect(once.median >= 0.02 && once.p90 == once.median, "median " + std::to_string(once.median));
    count = 0;
    const Timing few = time_of(0.06, 1, &count);
    expect(few.calls == 1 && few.samples <= 3 && count == 2 + few.samples, "a part of what all may take: " + std::to_string(count) + " calls");
    expect(few.median >= 0.06, "median " + std::to_string(few.median));
}

std::string text_of(const std::string& file) {
    std::ifstream from(file);
    return {std::istreambuf_iterator<char>(from), {}};
}

/// The second of three cases fails, or rather its first variant; and what the file holds while the third is timed.
void what_was_measured_is_kept() {
    const std::string file = "timing_test.json";
    std::remove(file.c_str());
    std::string meanwhile;
    int count = 0;
    Lab lab;
    lab.full_size([&](Lab& l) {
        l.add(idle("test.first", 0, &count));
        Case refused("test.refused", KN_F32, {{"n", 4}});
        refused.variants = 2;
        refused.outputs = {{KN_F32, 4}};
        refused.run = [](int variant, const Call& call) {
            return kn_elementwise_fill(call.out[0], variant == 1 ? -1 : 4, 0.f, KN_F32, call.stream);
        };
        l.add(std::move(refused));
        Case large("test.large", KN_F32, {{"n", 4}});
        large.outputs = {{KN_F32, int64_t{1} << 55}};
        large.run = [](int, const Call&) { return static_cast<kn_status>(KN_OK); };
        l.add(std::move(large));
        Case last = idle("test.last", 0, &count);
        last.run = [&](int, const Call&) {
            if (meanwhile.empty()) meanwhile = text_of(file);
            return static_cast<kn_status>(KN_OK);
        };
        l.add(std::move(last));
    });
    const RooflineSizes small{1 << 16, 1, 2, 2};
    TimingOptions options;
    options.total_seconds = 0.1;
    std::string lines;
    const auto line = [&](const std::string& text) { lines += text + "\n"; };
    const int64_t live = kn_live_objects();
    const Results results = measure(&lab, options, small, file, line);
    expect(kn_live_objects() == live, "objects left");
    expect(results.complete && results.timings.size() == 3 && results.failures.size() == 2, lines);
    expect(has(lines, "FAILED test.refused f32 n=4 v1: elementwise.fill: n = -1\n") && has(lines, "FAILED test.large f32 n=4: "), lines);

    const std::string refused = "{\"kernel\": \"test.refused\", \"dtype\": \"f32\", \"shape\": \"n=4\", \"variant\": ";
    expect(has(meanwhile, "\"complete\": false") && has(meanwhile, "test.first") && !has(meanwhile, "test.last"), meanwhile);
    expect(has(meanwhile, refused + "2, \"median_us\": ") && has(meanwhile, refused + "1, \"error\": \"elementwise.fill: n = -1\"}"), meanwhile);
    const std::string after = text_of(file);
    expect(has(after, "\"complete\": true") && has(after, "test.first") && has(after, "test.last"), after);
    expect(after == json(results) && !std::ifstream(file + ".part"), "the file is what the results say, and nothing lies beside it");

    options.budget_seconds = 0;
    const Results none = measure(&lab, options, small, "", line);
    expect(none.timings.empty() && none.failures.empty() && none.left_out == 4, "no case begins when the budget is spent");
    std::string sentence;
    try {
        measure(&lab, options, small, "no such folder/lab.json", line);
    } catch (const std::string& s) {
        sentence = s;
    }
    expect(has(sentence, "no such folder/lab.json cannot be written: name a file in a folder that exists"), sentence);
    std::remove(file.c_str());
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
    slow_calls_are_few();
    what_was_measured_is_kept();
    rooflines();
    std::printf("%d failed\n", failures);
    return failures == 0 ? 0 : 1;
}
