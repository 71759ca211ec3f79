package dev.kinema.cli;

import dev.kinema.data.FeatureStore;
import dev.kinema.metric.Retrieval;
import dev.kinema.report.HierarchyReport.Comparison;
import dev.kinema.report.HierarchyReport.Found;
import dev.kinema.report.HierarchyReport.Neighbours;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Two backbones held against each other on films of one event that neither was trained on: is the clip most like another one of the same
 * kind? A film gives one clip, its first, so that no clip finds its own film.
 */
final class ClipComparison {
    private static final int SHOWN = 4;
    private static final int NEIGHBOURS = 3;

    private final DrawnFilms films;
    private final double middle;
    private final int[] kinds;
    private final float[][] before;
    private final float[][] after;

    ClipComparison(DrawnFilms films, HeldOutFeatures features, Path random, Path trained) {
        this.films = films;
        middle = features.clipSeconds() / 2;
        kinds = new int[films.set().films()];
        for (int i = 0; i < kinds.length; i++) {
            kinds[i] = films.kind(i, middle);
        }
        before = rows(features, random);
        after = rows(features, trained);
    }

    /** The first clip of each film. */
    private float[][] rows(HeldOutFeatures features, Path weights) {
        double length = films.set().events() * films.set().format().eventSeconds();
        FeatureStore store = features.of(films, weights, length);
        float[][] rows = new float[films.set().films()][store.header().width()];
        for (int i = 0; i < rows.length; i++) {
            store.read(store.entry(films.set().name(i)).orElseThrow()).window(0, 1, 1, rows[i], 0);
        }
        return rows;
    }

    /** How often the nearest clip is of the same kind. */
    Comparison sameKind() {
        int[] self = IntStream.range(0, kinds.length).toArray();
        return new Comparison(Retrieval.top1(before, kinds, before, kinds, self), Retrieval.top1(after, kinds, after, kinds, self),
            Retrieval.chance(kinds, kinds, self), kinds.length);
    }

    /** The first films of the set, which are of different kinds: not chosen by what came out. */
    List<Neighbours> examples() {
        List<Neighbours> examples = new ArrayList<>();
        for (int i = 0; i < Math.min(SHOWN, kinds.length); i++) {
            examples.add(new Neighbours(films.at(i, middle), nearest(before, i), nearest(after, i)));
        }
        return examples;
    }

    private List<Found> nearest(float[][] rows, int clip) {
        return Retrieval.nearest(rows[clip], rows, clip, NEIGHBOURS).stream()
            .map(row -> new Found(films.at(row.key(), middle), row.cosine())).toList();
    }
}
