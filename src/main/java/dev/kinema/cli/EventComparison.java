package dev.kinema.cli;

import dev.kinema.data.FeatureStore;
import dev.kinema.device.Device;
import dev.kinema.metric.Retrieval;
import dev.kinema.pretrain.MaskPredictionConfig;
import dev.kinema.pretrain.MaskedRetrieval;
import dev.kinema.pretrain.MaskedRetrieval.Place;
import dev.kinema.pretrain.PretrainConfig;
import dev.kinema.report.HierarchyReport.Comparison;
import dev.kinema.report.HierarchyReport.Event;
import dev.kinema.report.HierarchyReport.Found;
import dev.kinema.report.HierarchyReport.MaskedEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * An untrained contextualizer and a trained one held against each other, on films of several events that neither was trained on: of all
 * events of these films, is the one most like the guess for a hidden event of its kind, and is it that very event?
 */
final class EventComparison {
    private static final int SHOWN = 4;
    private static final int FOUND = 4;

    private final DrawnFilms films;
    private final double hop;
    private final double middle;
    private final MaskedRetrieval before;
    private final MaskedRetrieval after;
    private final int[] kinds;

    EventComparison(DrawnFilms films, HeldOutFeatures features, Path backbone, Path checkpoint) {
        this.films = films;
        PretrainConfig config = features.config();
        MaskPredictionConfig settings = config.contextualizer().orElseThrow();
        FeatureStore store = features.of(films, backbone, config.features().orElseThrow().hop());
        hop = store.header().hop();
        middle = features.clipSeconds() / 2;
        try (Device device = Device.open(config.device(), config.threads())) {
            before = MaskedRetrieval.of(device, settings, store, config.seed(), Optional.empty());
            after = MaskedRetrieval.of(device, settings, store, config.seed(), Optional.of(checkpoint));
        }
        kinds = after.places().stream().mapToInt(place -> films.kind(film(place), time(place))).toArray();
    }

    private int film(Place place) {
        return films.indexOf(after.films().get(place.film()).id());
    }

    /** A clip stands for the event that it shows in its middle. */
    private double time(Place place) {
        return place.row() * hop + middle;
    }

    private Event event(Place place) {
        return films.at(film(place), time(place));
    }

    /** Events that a guess is held against. */
    int candidates() {
        return kinds.length;
    }

    /** How often the nearest event is of the hidden event's kind. */
    Comparison sameKind() {
        return new Comparison(Retrieval.top1(before.predictions(), kinds, before.keys(), kinds),
            Retrieval.top1(after.predictions(), kinds, after.keys(), kinds), Retrieval.chance(kinds, kinds), kinds.length);
    }

    /** How often it is the hidden event. */
    Comparison sameEvent() {
        Retrieval.Match itself = (query, key) -> query == key;
        return new Comparison(Retrieval.top1(before.predictions(), before.keys(), itself),
            Retrieval.top1(after.predictions(), after.keys(), itself), 1.0 / kinds.length, kinds.length);
    }

    /** From the middle of films that are equally far apart: not chosen by what came out. */
    List<MaskedEvent> examples() {
        List<MaskedEvent> examples = new ArrayList<>();
        int count = after.films().size();
        int shown = Math.min(SHOWN, count);
        for (int i = 0; i < shown; i++) {
            int place = middle((2 * i + 1) * count / (2 * shown));
            List<Place> window = after.window(place);
            int asked = window.indexOf(after.places().get(place));
            examples.add(new MaskedEvent(window.stream().map(this::event).toList(), List.of(asked), asked, found(before, place),
                found(after, place)));
        }
        return examples;
    }

    /** The place in the middle of a film. */
    private int middle(int film) {
        int[] places = IntStream.range(0, kinds.length).filter(i -> after.places().get(i).film() == film).toArray();
        return places[places.length / 2];
    }

    private List<Found> found(MaskedRetrieval network, int place) {
        return Retrieval.nearest(network.predictions()[place], network.keys(), Retrieval.NONE, FOUND).stream()
            .map(row -> new Found(event(network.places().get(row.key())), row.cosine())).toList();
    }
}
