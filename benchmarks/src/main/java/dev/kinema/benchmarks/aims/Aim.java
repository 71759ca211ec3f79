package dev.kinema.benchmarks.aims;

/**
 * A row of the table of aims.
 *
 * @param words what is to be reached
 * @param ours what was measured of ours, with its spread
 * @param beside what it is held against: an engine with its version, or a bound
 * @param reached the number that decides
 * @param met false where that is not enough
 * @param file of the results, without its ending
 */
record Aim(String words, String ours, String beside, String reached, boolean met, String file) {
    static final String HEAD = """
        | aim | ours | beside | reached | where |
        |---|---|---|---|---|
        """;

    /** For what has a command and no result yet. */
    static Aim open(String words, String file) {
        return new Aim(words, "", "", "not measured", false, file);
    }

    String row() {
        return "| " + words + " | " + ours + " | " + beside + " | " + (met ? reached : "**" + reached + "**") + " | `" + file + "` |\n";
    }
}
