package dev.kinema.data;

/** The orders in which brightness, contrast, saturation and hue are changed. */
final class ColourOrder {
    static final int COUNT = 24;

    private ColourOrder() {}

    /** Which operation (0 brightness, 1 contrast, 2 saturation, 3 hue) comes at {@code place} (0 to 3) in order {@code order}. */
    static int operation(int order, int place) {
        int left = 0b1111;
        int rest = order;
        int choices = COUNT;
        for (int p = 0; ; p++) {
            // the factorial digits of the order's number say which of those left comes next
            choices /= 4 - p;
            int operation = nth(left, rest / choices);
            if (p == place) {
                return operation;
            }
            rest %= choices;
            left &= ~(1 << operation);
        }
    }

    private static int nth(int set, int n) {
        int bits = set;
        for (int i = 0; i < n; i++) {
            bits &= bits - 1;
        }
        return Integer.numberOfTrailingZeros(bits);
    }
}
