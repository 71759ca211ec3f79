package dev.kinema.cli;

import dev.kinema.embed.EncodingProgress;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.OptionalLong;

/** One line that is written over and over: how far a film is, how fast it goes, how long it takes. */
final class ProgressBar implements EncodingProgress {
    private static final int BAR = 24;
    private static final int NAME = 24;
    private static final long SHORTEST_WAIT_NANOS = 100_000_000;

    private final PrintWriter err;
    private final String name;
    private final long begun = System.nanoTime();
    private long shown;
    private int length;

    ProgressBar(PrintWriter err, String name) {
        this.err = err;
        this.name = name.length() <= NAME ? name : name.substring(0, NAME - 3) + "...";
    }

    @Override
    public void clips(long done, OptionalLong expected) {
        long now = System.nanoTime();
        if (length == 0 || now - shown >= SHORTEST_WAIT_NANOS || expected.isPresent() && done == expected.getAsLong()) {
            shown = now;
            show(text(name, done, expected, (now - begun) / 1e9));
        }
    }

    /** For example {@code film.mp4 [======>   ] 12/35 clips, 1.03 clips/s, 0:22 left}. */
    static String text(String name, long done, OptionalLong expected, double seconds) {
        double rate = seconds > 0 ? done / seconds : 0;
        String speed = done == 0 ? "" : String.format(Locale.ROOT, ", %.2f clips/s", rate);
        if (expected.isEmpty() || expected.getAsLong() == 0) {
            return name + " " + done + " clips" + speed;
        }
        // a container's duration is a promise only: more clips may come
        long all = Math.max(expected.getAsLong(), done);
        int filled = (int) (BAR * done / all);
        String bar = "=".repeat(filled) + (filled < BAR ? ">" + " ".repeat(BAR - filled - 1) : "");
        String left = done == 0 || done == all ? "" : ", " + clock((all - done) / rate) + " left";
        return name + " [" + bar + "] " + done + "/" + all + " clips" + speed + left;
    }

    static String clock(double seconds) {
        long whole = Math.round(seconds);
        return whole >= 3600 ? String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
            : String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60);
    }

    private void show(String text) {
        err.print("\r" + text + " ".repeat(Math.max(0, length - text.length())));
        err.flush();
        length = text.length();
    }

    /** Takes the line away. */
    void clear() {
        if (length > 0) {
            err.print("\r" + " ".repeat(length) + "\r");
            err.flush();
            length = 0;
        }
    }
}
