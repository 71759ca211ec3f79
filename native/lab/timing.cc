// See timing.h.
#include "timing.h"

#include <algorithm>
#include <chrono>
#include <cmath>
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
constexpr int SLOW = 20;  // a call that takes more than this part of the time for all samples is a sample by itself
constexpr int SLOW_SAMPLES = 3;
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

/// Seconds of a call, one for each sample of so many calls in a graph, so that to launch them is not in their time.
std::vector<double> graph_samples(const Case& c, int variant, const Sets& sets, const TimingOptions& options, int calls) {
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
    Watch watch(sets.stream());
    const auto replay = [&] { return kn_graph_launch(graph.get(), sets.stream()); };
    double sample = 0;
    for (int i = 0; i < WARM_UPS; ++i) sample = watch.seconds(replay);
    const int most = options.which.repeats > 0 ? options.which.repeats : SAMPLES;
    const double affordable = std::min<double>(most, options.total_seconds / std::max(sample, 1e-9));
    std::vector<double> seconds(static_cast<size_t>(std::max(std::min(FEWEST_SAMPLES, most), static_cast<int>(affordable))));
    for (double& s : seconds) s = watch.seconds(replay) / calls;
    return seconds;
}

/// Whether the variant took the shape. A call that takes long is a sample by itself, of which there are few: what it finds in the L2 cache and
/// what it takes to be launched are nothing beside it.
bool time_variant(const Case& c, int variant, const Sets& sets, const TimingOptions& options, Timing* timing) {
    Watch watch(sets.stream());
    const auto call = [&](int64_t i) { return watch.seconds([&] { return c.run(variant, sets.call(i)); }); };
    kn_status status = KN_OK;
    const double first = watch.seconds([&] {
        status = c.run(variant, sets.call(0));
        return static_cast<kn_status>(KN_OK);
    });
    if (status == KN_UNSUPPORTED) return false;
    must(status);
    std::vector<double> seconds = {first};
    int calls = 1;
    if (first <= options.total_seconds) {
        const double one = std::max(call(1), 1e-9);
        if (one > options.total_seconds / SLOW) {
            const int most = options.which.repeats > 0 ? options.which.repeats : SLOW_SAMPLES;
            seconds.resize(static_cast<size_t>(std::max(1, std::min({most, SLOW_SAMPLES, static_cast<int>(options.total_seconds / one)}))));
            for (size_t i = 0; i < seconds.size(); ++i) seconds[i] = call(static_cast<int64_t>(i));
        } else {
            const double long_enough = std::min<double>(MOST_CALLS, std::ceil(options.sample_seconds / one));
            const double affordable = std::max(1.0, options.total_seconds / FEWEST_SAMPLES / one);
            calls = static_cast<int>(std::min(affordable, std::max(long_enough, static_cast<double>(sets.count()))));
            seconds = graph_samples(c, variant, sets, options, calls);
        }
    }
    std::sort(seconds.begin(), seconds.end());
    const size_t n = seconds.size();
    *timing = Timing{&c, variant, (seconds[(n - 1) / 2] + seconds[n / 2]) / 2, seconds[(9 * n + 9) / 10 - 1], static_cast<int>(n), calls};
    return true;
}

/// All of a case; variants that fail are told, and one for all where it is the tensors that fail.
void time_case(const Case& c, const TimingOptions& options, const Listener& listener) {
    std::unique_ptr<Sets> sets;
    try {
        sets = std::make_unique<Sets>(c);
    } catch (const std::string& sentence) {
        listener.failed({&c, 0, sentence});
        return;
    }
    for (int variant = 1; variant <= c.variants; ++variant) {
        if (options.which.variant != 0 && variant != options.which.variant) continue;
        Timing timing{};
        std::string trouble;
        bool taken = false;
        try {
            taken = time_variant(c, variant, *sets, options, &timing);
        } catch (const std::string& sentence) {
            trouble = sentence;
        }
        if (!trouble.empty()) listener.failed({&c, variant, trouble});
        if (taken) listener.timed(timing);
    }
}
}  // namespace

int time_cases(const Lab& lab, const TimingOptions& options, const Listener& listener) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begun = Clock::now();
    int left_out = 0;
    for (const Case& c : lab.of_full_size()) {
        if (!c.timed || c.name().find(options.which.only) == std::string::npos) continue;
        if (std::chrono::duration<double>(Clock::now() - begun).count() >= options.budget_seconds) {
            ++left_out;
        } else {
            time_case(c, options, listener);
        }
    }
    return left_out;
}
}  // namespace kn::lab
