package dev.kinema.benchmarks.aims;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.MatchResult;

/** Aims on films and memory, from what the programs printed that {@code benchmarks/keep} runs. */
final class FilmAims {
    private static final double COSINE = 0.995;
    private static final double SHARE = 95;
    private static final double SECONDS = 3;
    private static final String NUMBER = "([0-9.]+)";

    private final Path results;

    FilmAims(Path results) {
        this.results = results;
    }

    private Aim from(String words, String file, Function<KeptText, Aim> aim) {
        Path path = results.resolve(file + ".txt");
        return Files.exists(path) ? aim.apply(KeptText.read(path)) : Aim.open(words, file);
    }

    List<Aim> films() {
        return List.of(
            cosine("int8: cosine of features to fp32 above 0.995 on real films", "int8-films"),
            share("a film of 70 s from its file: 95% of the rate of pure compute, fp32", "whole-film-fp32"),
            share("the same, bf16", "whole-film-bf16"),
            share("the same, int8", "whole-film-int8"),
            share("a made film, fp32", "made-film-fp32"),
            share("the same, bf16", "made-film-bf16"),
            share("the same, int8", "made-film-int8"),
            first("from the start of a process to the first feature: under 3 s", "first-feature"));
    }

    private Aim cosine(String words, String file) {
        return from(words, file, text -> {
            List<MatchResult> films = text.all("^(\\S+) +(\\d+) +" + NUMBER + " +" + NUMBER + "$");
            int clips = films.stream().mapToInt(film -> Integer.parseInt(film.group(2))).sum();
            double least = films.stream().mapToDouble(film -> Double.parseDouble(film.group(3))).min().orElse(0);
            double centred = films.stream().mapToDouble(film -> Double.parseDouble(film.group(4))).min().orElse(0);
            return new Aim(words, clips + " clips of " + films.size() + " films, random weights",
                String.format(Locale.ROOT, "less the mean of all: %.3f", centred), String.format(Locale.ROOT, "%.5f at least", least),
                least > COSINE, file);
        });
    }

    private Aim share(String words, String file) {
        return from(words, file, text -> {
            MatchResult share = text.first("^median share of pure compute: " + NUMBER + "% \\((.*)\\)");
            List<MatchResult> rounds = text.all("^ +\\d+" + (" +" + NUMBER).repeat(7) + "%");
            return new Aim(words, median(rounds, 1) + " s, " + text.first("^(.*), cpu \\(").group(1).replaceFirst(".*/", ""),
                "clips in memory: " + median(rounds, 4) + " s", share.group(1) + "% (" + share.group(2) + ")",
                Double.parseDouble(share.group(1)) >= SHARE, file);
        });
    }

    private static String median(List<MatchResult> rounds, int group) {
        double[] sorted = rounds.stream().mapToDouble(round -> Double.parseDouble(round.group(group))).sorted().toArray();
        return String.format(Locale.ROOT, "%.2f", (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2);
    }

    private Aim first(String words, String file) {
        return from(words, file, text -> {
            MatchResult median = text.first("^median of (\\d+): " + NUMBER + " s \\((.*)\\)");
            return new Aim(words, median.group(1) + " processes", "", median.group(2) + " s (" + median.group(3) + ")",
                Double.parseDouble(median.group(2)) < SECONDS, file);
        });
    }

    /** With glibc's malloc as it is, and as it is set for times. */
    List<Aim> memory() {
        String words = "peak memory of a training step of Slow-D: not above libtorch's, fp32";
        List<Aim> aims = new ArrayList<>();
        for (String step : List.of("step-slow-d-cvrl", "step-txe-masks")) {
            for (String precision : List.of("fp32", "bf16")) {
                aims.add(peak(words, step, precision, "default"));
                aims.add(peak("the same, with the allocator of times", step, precision, "as when timed"));
                words = precision.equals("fp32") ? "the same, bf16" : "peak memory of a training step of TxE, fp32";
            }
        }
        return aims;
    }

    /** Beside the setting of libtorch that takes least. */
    private Aim peak(String words, String step, String precision, String malloc) {
        String line = "^" + step + " +" + precision + " +(%s.*?) +" + malloc + " +(\\d+) +" + NUMBER + "x";
        return from(words, "memory", text -> {
            MatchResult ours = text.first(String.format(line, "Kinema"));
            MatchResult least = text.all(String.format(line, "libtorch")).stream()
                .min((a, b) -> Double.compare(Double.parseDouble(a.group(3)), Double.parseDouble(b.group(3)))).orElseThrow();
            return new Aim(words, ours.group(2) + " MiB", least.group(1) + ": " + least.group(2) + " MiB", least.group(3) + "x",
                Double.parseDouble(least.group(3)) >= 1, "memory");
        });
    }
}
