package dev.kinema.benchmarks.films;

import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.Calibration;
import dev.kinema.model.SlowConfig;
import dev.kinema.video.EventFilm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/**
 * A film and a Slow-D with random weights to encode it by, in a folder that is deleted with it: what is made up here takes as long as what
 * was learned.
 *
 * @param words what it is, for a report
 */
record TrialFilm(Path folder, Path weights, Path film, String words) implements AutoCloseable {
    private static final String RANGES = "ranges.json";
    private static final EventFilm.Format MADE = new EventFilm.Format(640, 360, 25, 2);

    /** @param what a film's path, or of one to be made, 640 x 360 at 25 pictures a second, how many seconds it lasts */
    static TrialFilm of(String what) {
        boolean made = what.matches("[0-9]+");
        try {
            Path folder = Files.createTempDirectory("kinema-film");
            TrialFilm trial = new TrialFilm(folder, folder.resolve("weights.safetensors"),
                made ? folder.resolve("film.mp4") : Path.of(what), made ? "a film of " + what + " s" : what);
            boolean complete = false;
            try {
                writeWeights(trial.weights);
                if (made) {
                    writeFilm(trial.film, Integer.parseInt(what));
                }
                complete = true;
                return trial;
            } finally {
                if (!complete) {
                    trial.close();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A film of so many seconds, two at least. */
    static void writeFilm(Path file, int seconds) {
        EventFilm.of(1, Collections.nCopies(Math.max(1, seconds / 2), 1), MADE).write(file);
    }

    /** Slow-D's, as they are drawn; its last norms do not begin at zero, with which blocks would add nothing to their shortcuts. */
    static void writeWeights(Path file) {
        BackboneWeights.random(SlowConfig.SLOW_D_R50.withZeroInitFinalNorm(false), 1).write(file, 1, 0);
    }

    /** A file with the ranges of the film's activations, for int8; made when it is first asked for. */
    Path ranges() {
        Path ranges = folder.resolve(RANGES);
        if (Files.notExists(ranges)) {
            Calibration.of(weights, List.of(film), Calibration.Settings.DEFAULT, done -> {
            }).write(ranges);
        }
        return ranges;
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(folder.resolve(RANGES));
            Files.deleteIfExists(folder.resolve("film.mp4"));
            Files.deleteIfExists(weights);
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
