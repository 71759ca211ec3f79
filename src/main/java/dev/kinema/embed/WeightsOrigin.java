package dev.kinema.embed;

import java.util.Map;

/** Where the numbers in a weights file come from, in words: entry {@code origin} of its metadata, empty where it does not say. */
final class WeightsOrigin {
    static final String KEY = "origin";
    private static final String RANDOM = "random";

    private WeightsOrigin() {
    }

    static String random(long seed) {
        return RANDOM + ": drawn from seed " + seed + ", never trained";
    }

    static String of(Map<String, String> metadata) {
        return metadata.getOrDefault(KEY, "");
    }

    static boolean isRandom(String origin) {
        return origin.startsWith(RANDOM);
    }
}
