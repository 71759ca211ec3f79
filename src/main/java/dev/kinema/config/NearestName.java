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

    /** Levenshtein's distance: insertions, deletions and replacements of a letter. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
