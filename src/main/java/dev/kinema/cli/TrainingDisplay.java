package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.data.FeatureEntry;
import dev.kinema.data.Film;
import dev.kinema.embed.EncodingProgress;
import dev.kinema.finetune.Finetuning;
import dev.kinema.run.Metrics;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;

/**
 * Shows a training: on a terminal one line that is written over, elsewhere a line now and then; and keeps the page with its curves up to
 * date.
 */
final class TrainingDisplay implements Finetuning.Watcher, AutoCloseable {
    private static final long LIVE_NANOS = 200_000_000L;
    private static final long PLAIN_NANOS = 15_000_000_000L;
    /** What a line has beside the loss, where a step says it. */
    private static final List<String> SHOWN = List.of("top1", "knn_top1", "test_top1", "feature_spread", "valid_acc_1", "valid_cider",
        "valid_mean_acc");
    private static final long PAGE_NANOS = 60_000_000_000L;

    private final CommandLine command;
    private final PrintWriter err;
    private final boolean live = Terminal.isErr();
    private final boolean logLoss;
    private String stage = "";
    private Path folder;
    private long shown;
    private long drawn;
    private int length;
    private boolean undrawn;
    private int films;
    private int finished;

    TrainingDisplay(CommandLine command, boolean logLoss) {
        this.command = command;
        this.err = command.getErr();
        this.logLoss = logLoss;
    }

    @Override
    public void begun(String name, Path where) {
        stage = name;
        folder = where;
        shown = 0;
        drawn = System.nanoTime();
        line(name + ": " + where);
    }

    @Override
    public void ended(String name, Path where, boolean before) {
        clear();
        if (before) {
            line(name + ": done before, skipped");
            return;
        }
        draw(where);
        line(name + ": done");
    }

    @Override
    public void step(long done, long steps, Metrics metrics, double rate, double secondsLeft) {
        long now = System.nanoTime();
        if (now - shown >= (live ? LIVE_NANOS : PLAIN_NANOS) || done == steps) {
            shown = now;
            show(text(stage, done, steps, metrics, rate, secondsLeft));
        }
        if (now - drawn >= PAGE_NANOS) {
            drawn = now;
            draw(folder);
        }
    }

    /** For example {@code backbone 120/600, loss 3.214, rate 0.1, 2.5 steps/s, 3:12 left}. */
    static String text(String stage, long done, long steps, Metrics metrics, double rate, double secondsLeft) {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%s %d/%d, loss %.4g", stage, done, steps, metrics.loss()));
        for (String name : SHOWN) {
            Double value = metrics.values().get(name);
            if (value != null) {
                text.append(String.format(Locale.ROOT, ", %s %.3f", name, value));
            }
        }
        text.append(String.format(Locale.ROOT, rate >= 0.1 ? ", %.1f steps/s" : ", %.3f steps/s", rate));
        return done == steps ? text.toString() : text.append(", ").append(ProgressBar.clock(secondsLeft)).append(" left").toString();
    }

    @Override
    public void note(String message) {
        line(stage.isEmpty() ? message : stage + ": " + message);
    }

    @Override
    public void counted(int pending, int skipped) {
        films = pending;
        finished = 0;
        if (skipped > 0) {
            line(stage + ": " + skipped + " films were done before");
        }
    }

    @Override
    public EncodingProgress begun(Film film, int place) {
        return EncodingProgress.NONE;
    }

    @Override
    public void done(FeatureEntry entry, double seconds) {
        finished++;
        if (!entry.damage().isEmpty()) {
            note("film '" + entry.id() + "' is damaged: " + entry.damage());
        }
        long now = System.nanoTime();
        if (now - shown >= (live ? LIVE_NANOS : PLAIN_NANOS) || finished == films) {
            shown = now;
            show(stage + " " + finished + "/" + films + " films");
        }
    }

    @Override
    public void failed(Film film, KinemaException reason) {
        clear();
        Main.report(reason, command);
    }

    /** A page that cannot be drawn is no reason to end a training, and is said once. */
    private void draw(Path run) {
        if (!Files.isRegularFile(run.resolve(ReportCommand.LOG)) || Thread.currentThread().isInterrupted()) {
            return;
        }
        try {
            ReportCommand.write(run, run.resolve("report.html"), logLoss);
            undrawn = false;
        } catch (KinemaException e) {
            if (!undrawn && !Thread.currentThread().isInterrupted()) {
                note("the page with the curves is not up to date: " + e.getMessage());
                undrawn = true;
            }
        }
    }

    private void show(String text) {
        if (live) {
            err.print("\r" + text + " ".repeat(Math.max(0, length - text.length())));
            err.flush();
            length = text.length();
        } else {
            line(text);
        }
    }

    private void line(String text) {
        clear();
        command.getOut().println(text);
        command.getOut().flush();
    }

    private void clear() {
        if (length > 0) {
            err.print("\r" + " ".repeat(length) + "\r");
            err.flush();
            length = 0;
        }
    }

    @Override
    public void close() {
        clear();
    }
}
