package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.data.FeatureEntry;
import dev.kinema.data.FeatureStore;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.op.Variable;
import dev.kinema.model.Contextualizer;
import dev.kinema.nn.Pass;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * How well hidden events are guessed: every event of every film is hidden once, alone, in a window of N events, and the contextualizer's
 * prediction is compared with the events of all films. There is no dropout.
 */
public final class MaskedRetrieval {
    private static final String PREDICTIONS = "predictions";
    private static final String KEYS = "keys";

    private final EventWindows windows;
    private final List<FeatureEntry> films = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private float[][] predictions;
    private float[][] keys;

    /**
     * An event of a store.
     *
     * @param film index in {@link #films}
     * @param row of its features
     */
    public record Place(int film, int row) {}

    private MaskedRetrieval(EventWindows windows) {
        this.windows = windows;
        for (int f = 0; f < windows.films(); f++) {
            FeatureEntry film = windows.film(f);
            films.add(film);
            for (int row = 0; row < film.clips(); row += windows.stride()) {
                places.add(new Place(f, row));
            }
        }
    }

    /**
     * Hides and guesses every event.
     *
     * @param config as the contextualizer was trained
     * @param store features of the films to guess events of, by the backbone of the training
     * @param seed of the training
     * @param checkpoint of the training; empty for the network as training starts
     * @throws KinemaException if the features or the checkpoint are not of this network
     */
    public static MaskedRetrieval of(Device device, MaskPredictionConfig config, FeatureStore store, long seed, Optional<Path> checkpoint) {
        EventWindows windows = new EventWindows(store, config.window(), seed);
        windows.requireWidth(config.network());
        MaskedRetrieval retrieval = new MaskedRetrieval(windows);
        int batch = Math.min(config.batch(), retrieval.places.size());
        MaskPrediction prediction = new MaskPrediction(new Contextualizer(config.network()), config.objective(), batch, windows.tokens(), batch);
        Graph graph = new Graph();
        MaskPrediction.Pairs pairs = prediction.pairs(Pass.eval(graph));
        graph.output(PREDICTIONS, pairs.predictions());
        graph.output(KEYS, pairs.keys());
        try (Weights weights = device.newWeights()) {
            if (checkpoint.isPresent()) {
                restore(weights, graph, checkpoint.get());
            } else {
                start(weights, graph, seed);
            }
            try (Program program = device.compile(graph, weights, Compilation.FP32)) {
                retrieval.run(program, batch, prediction.width());
            }
        }
        return retrieval;
    }

    private static void restore(Weights weights, Graph graph, Path checkpoint) {
        try (Safetensors file = Safetensors.open(checkpoint)) {
            for (Variable variable : graph.declarations()) {
                if (!file.names().contains(variable.name())) {
                    throw new KinemaException(checkpoint + " holds no '" + variable.name() + "', so it is of another training: name a "
                        + "checkpoint of the contextualizer with these settings");
                }
                weights.put(variable.name(), file.read(variable.name()));
            }
        }
        weights.require(graph);
    }

    /** As training starts: the copy that projects targets is equal to the network. */
    private static void start(Weights weights, Graph graph, long seed) {
        weights.initialize(graph, seed);
        String copy = MaskPrediction.COPY + ".";
        for (Variable variable : graph.declarations()) {
            if (variable.name().startsWith(copy)) {
                weights.put(variable.name(), weights.get(MaskPrediction.NETWORK + "." + variable.name().substring(copy.length())));
            }
        }
    }

    private void run(Program program, int batch, int width) {
        predictions = new float[places.size()][];
        keys = new float[places.size()][];
        int tokens = windows.tokens();
        float[] features = new float[batch * tokens * windows.width()];
        for (int from = 0; from < places.size(); from += batch) {
            int count = Math.min(batch, places.size() - from);
            // rows beyond the last place keep what was there, and are not read
            for (int i = 0; i < count; i++) {
                Place place = places.get(from + i);
                int first = first(place);
                windows.copy(new EventWindows.Window(place.film, first), features, i * tokens * windows.width());
                int hidden = (place.row - first) / windows.stride();
                for (int t = 0; t < tokens; t++) {
                    program.input(MaskPrediction.MASK).set(i * tokens + t, t == hidden ? 1L : 0L);
                }
                program.input(MaskPrediction.TARGETS).set(i, (long) i * tokens + hidden);
            }
            program.input(MaskPrediction.FEATURES).put(features);
            program.run();
            split(program.output(PREDICTIONS).toFloats(), width, predictions, from, count);
            split(program.output(KEYS).toFloats(), width, keys, from, count);
        }
    }

    private static void split(float[] values, int width, float[][] into, int from, int count) {
        for (int i = 0; i < count; i++) {
            into[from + i] = Arrays.copyOfRange(values, i * width, (i + 1) * width);
        }
    }

    /** First row of a place's window: the place is in the middle, or as near to it as the film's ends allow. */
    private int first(Place place) {
        int events = (films.get(place.film).clips() - 1) / windows.stride() + 1;
        int before = place.row / windows.stride() - windows.tokens() / 2;
        return Math.max(0, Math.min(before, events - windows.tokens())) * windows.stride();
    }

    /** The films that are long enough for a window, in the order of their ids. */
    public List<FeatureEntry> films() {
        return List.copyOf(films);
    }

    /** All events, film by film: every stride-th row from row 0 on, so that those that do not overlap are there once. */
    public List<Place> places() {
        return List.copyOf(places);
    }

    /** What was predicted for each place when it alone was hidden: unit rows [places][D]. */
    public float[][] predictions() {
        return predictions;
    }

    /** What was hidden at each place: unit rows [places][D]. */
    public float[][] keys() {
        return keys;
    }

    /** The N events among which a place was hidden, itself included. */
    public List<Place> window(int place) {
        Place hidden = places.get(place);
        int first = first(hidden);
        List<Place> window = new ArrayList<>();
        for (int t = 0; t < windows.tokens(); t++) {
            window.add(new Place(hidden.film, first + t * windows.stride()));
        }
        return window;
    }
}
