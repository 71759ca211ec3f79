// What the divisions by multiplication promise, at the numbers where they would fail first: beside multiples, and at the ends of ranges.
#include <cstdio>
#include <random>

#include "../kernels/conv3d/phases.h"

namespace {
int failures = 0;

void expect(int got, int64_t n, int64_t d, const char* what) {
    if (got == n / d) return;
    ++failures;
    std::printf("FAILED %s: %lld / %lld is not %d\n", what, static_cast<long long>(n), static_cast<long long>(d), got);
}

constexpr int64_t MOST = (int64_t{1} << 31) - 1, MOST_TAPS = (int64_t{1} << 21) - 1;

/// Every n below most that is a multiple of d or one less, for a few multiples and the largest.
template <class F> void each_edge(int64_t d, int64_t most, std::mt19937_64& random, F&& visit) {
    for (int i = 0; i < 20; ++i) {
        const int64_t largest = most / d, drawn = static_cast<int64_t>(random() % static_cast<uint64_t>(largest + 1));
        const int64_t k = i == 0 ? largest : i < 4 ? i : drawn;
        for (const int64_t n : {k * d - 1, k * d, k * d + d - 1}) {
            if (n >= 0 && n <= most) visit(n);
        }
    }
    visit(most);
    visit(0);
}

void check(int64_t d, std::mt19937_64& random) {
    const kn::Divisor divisor(d);
    each_edge(d, MOST, random, [&](int64_t n) {
        int rest = -1;
        expect(divisor.of(static_cast<int>(n), &rest), n, d, "Divisor");
        expect(rest, n % d, 1, "rest of Divisor");
    });
    if (d > MOST_TAPS) return;
    const float reciprocal = 1.f / static_cast<float>(d);
    each_edge(d, MOST_TAPS, random, [&](int64_t n) { expect(kn::conv3d::divide(static_cast<int>(n), reciprocal), n, d, "divide"); });
}
}  // namespace

int main() {
    std::mt19937_64 random(1);
    for (int64_t d = 1; d <= 5000; ++d) check(d, random);
    for (int power = 1; power < 31; ++power) {
        for (int64_t off = -1; off <= 1; ++off) {
            if ((int64_t{1} << power) + off > 0) check((int64_t{1} << power) + off, random);
        }
    }
    for (int i = 0; i < 5000; ++i) check(static_cast<int64_t>(random() % MOST) + 1, random);
    check(MOST, random);
    std::printf("%d failed\n", failures);
    return failures == 0 ? 0 : 1;
}
