package dev.kinema.config;

import java.util.Collection;
import java.util.Locale;

/** Which known name a mistyped one was meant to be. */
final class NearestName {
    private NearestName() {}

    /** {@code " (did you mean x?)"}, or nothing where no name is near: more than a third of its letters would have to change. */
    static String hint(String typed, Collection<String> known) {
        String best = null;
        int bestDistance = Integer.MAX_VALUE;
        for (String name : known) {
            int distance = distance(normal(typed), normal(name));
            if (distance < bestDistance) {
                best = name;
                bestDistance = distance;
            }
        }
        boolean near = best != null && bestDistance <= Math.max(1, Math.max(typed.length(), best.length()) / 3);
        return near ? " (did you mean " + best + "?)" : "";
    }

    private static String normal(String name) {
        return name.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
    }

    /**
     * Insertions, deletions and replacements of a letter, and swaps of two neighbours, each counting one (optimal string alignment:
     * what was swapped is not edited again).
     */
    private static int distance(String a, String b) {
        int[] beforeLast = new int[b.length() + 1];
        int[] last = new int[b.length() + 1];
        int[] row = new int[b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    row[j] = i + j;
                    continue;
                }
                boolean same = a.charAt(i - 1) == b.charAt(j - 1);
                row[j] = Math.min(last[j - 1] + (same ? 0 : 1), 1 + Math.min(last[j], row[j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    row[j] = Math.min(row[j], 1 + beforeLast[j - 2]);
                }
            }
            int[] free = beforeLast;
            beforeLast = last;
            last = row;
            row = free;
        }
        return last[b.length()];
    }
}
