package dev.kinema.benchmarks.films;

import dev.kinema.embed.Calibration;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.PrecisionChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How near features in int8 are to those in fp32, on films: ranges are taken from the first, the third and so on of them, and the others
 * are encoded in both. Usage: {@code QuantizedFilms WEIGHTS|random FILM FILM...}; {@code random} is Slow-D with random weights, whose
 * features all point nearly the same way. So the cosine is also told of what is left of each when the mean of all in fp32 is taken from it.
 */
public final class QuantizedFilms {
    private QuantizedFilms() {
    }

    public static void main(String[] args) throws IOException {
        if (args.length < 3) {
            throw new IllegalArgumentException("usage: QuantizedFilms WEIGHTS|random FILM FILM...");
        }
        Path folder = Files.createTempDirectory("kinema-int8");
        Path made = folder.resolve("weights.safetensors");
        Path ranges = folder.resolve("ranges.json");
        try {
            boolean random = args[0].equals("random");
            if (random) {
                TrialFilm.writeWeights(made);
            }
            compare(random ? made : Path.of(args[0]), ranges, IntStream.range(1, args.length).mapToObj(i -> Path.of(args[i])).toList());
        } finally {
            Files.deleteIfExists(made);
            Files.deleteIfExists(ranges);
            Files.delete(folder);
        }
    }

    private static void compare(Path weights, Path ranges, List<Path> films) {
        List<Path> seen = IntStream.range(0, films.size()).filter(i -> i % 2 == 0).mapToObj(films::get).toList();
        List<Path> unseen = IntStream.range(0, films.size()).filter(i -> i % 2 == 1).mapToObj(films::get).toList();
        Calibration.of(weights, seen, Calibration.Settings.DEFAULT, film -> System.out.println("ranges of " + film.getFileName()))
            .write(ranges);
        MovieEncoderConfig exact = MovieEncoderConfig.of(weights).withPrecision(PrecisionChoice.FP32).withPadShort(true);
        List<List<float[]>> fp32 = features(exact, unseen);
        List<List<float[]>> int8 = features(MovieEncoderConfig.of(weights).withInt8(ranges).withPadShort(true), unseen);
        double[] mean = mean(fp32);
        System.out.printf("%n%-44s %6s %14s %14s%n", "film", "clips", "least cosine", "less the mean");
        for (int film = 0; film < unseen.size(); film++) {
            double least = 1;
            double centred = 1;
            for (int clip = 0; clip < fp32.get(film).size(); clip++) {
                float[] a = fp32.get(film).get(clip);
                float[] b = int8.get(film).get(clip);
                least = Math.min(least, cosine(a, b, new double[a.length]));
                centred = Math.min(centred, cosine(a, b, mean));
            }
            System.out.printf(Locale.ROOT, "%-44s %6d %14.6f %14.6f%n", unseen.get(film).getFileName(), fp32.get(film).size(), least,
                centred);
        }
    }

    private static List<List<float[]>> features(MovieEncoderConfig config, List<Path> films) {
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            return films.stream().map(encoder::encode)
                .map(film -> IntStream.range(0, film.clips()).mapToObj(film::feature).toList()).toList();
        }
    }

    private static double[] mean(List<List<float[]>> films) {
        List<float[]> all = films.stream().flatMap(List::stream).toList();
        double[] mean = new double[all.get(0).length];
        for (float[] feature : all) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += feature[i] / all.size();
            }
        }
        return mean;
    }

    /** Of a - from and b - from. */
    private static double cosine(float[] a, float[] b, double[] from) {
        double dot = 0;
        double ofA = 0;
        double ofB = 0;
        for (int i = 0; i < a.length; i++) {
            double x = a[i] - from[i];
            double y = b[i] - from[i];
            dot += x * y;
            ofA += x * x;
            ofB += y * y;
        }
        return dot / Math.sqrt(ofA * ofB);
    }
}
