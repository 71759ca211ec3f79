package dev.kinema.cli;

import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.MovieFeatures;
import dev.kinema.report.FilmReport;
import dev.kinema.report.FilmReport.Shot;
import dev.kinema.report.HierarchyReport.HeldOutFilm;
import dev.kinema.report.HierarchyReport.Matrix;
import dev.kinema.video.EventFilm;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** One film that no network was trained on, embedded by networks with random weights and by those that were trained. */
final class ShownFilm {
    private final EventFilm film;
    private final Path path;
    private final double clipSeconds;
    private final MovieFeatures before;
    private final MovieFeatures after;

    /** @param hop seconds from clip to clip, at which the contextualizer was trained */
    ShownFilm(DemoFilms films, HeldOutFeatures features, double hop, Path random, Path backbone, Path contextualizer) {
        film = films.film();
        path = films.filmPath();
        clipSeconds = features.clipSeconds();
        before = encode(features.encoding(random, hop));
        after = encode(features.encoding(backbone, hop).withContextualizer(contextualizer));
    }

    private MovieFeatures encode(MovieEncoderConfig config) {
        try (MovieEncoder encoder = MovieEncoder.open(config)) {
            return encoder.encode(path);
        }
    }

    private List<Shot> shots() {
        return film.events().stream().map(event -> new Shot(event.start(), event.end(), DrawnFilms.name(event.label()))).toList();
    }

    /** How alike its events look to each network. */
    HeldOutFilm similarities() {
        double[] starts = starts();
        return new HeldOutFilm(film.duration(), shots(), new Stills(film.duration(), starts, clipSeconds, shots()).of(path), List.of(
            new Matrix("Backbone with random weights", "What weights drawn by lot make of each clip.", clipSeconds, starts,
                rows(before, false)),
            new Matrix("Backbone, pretrained", "What it makes of each clip alone.", clipSeconds, starts, rows(after, false)),
            new Matrix("Contextualizer, pretrained", "What it makes of each clip among its neighbours: it learned to guess one from the "
                + "others, so that what it says of a clip speaks of them, too.", clipSeconds, starts,
                rows(after, true))));
    }

    /** The film by itself: every event, and the one most like it, by the pretrained backbone. */
    FilmReport report(List<String> remarks, Map<String, String> facts) {
        return new FilmReport(path.getFileName().toString(), film.duration(), clipSeconds, starts(), rows(after, false), shots(),
            new Stills(film.duration(), starts(), clipSeconds, shots()).of(path), remarks, facts);
    }

    private double[] starts() {
        double[] starts = new double[after.clips()];
        for (int k = 0; k < starts.length; k++) {
            starts[k] = after.start(k);
        }
        return starts;
    }

    private static float[][] rows(MovieFeatures features, boolean events) {
        float[][] rows = new float[features.clips()][];
        for (int k = 0; k < rows.length; k++) {
            rows[k] = events ? features.event(k) : features.feature(k);
        }
        return rows;
    }
}
