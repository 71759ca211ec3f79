package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.data.CentreCrop;
import dev.kinema.data.ClipBatch;
import dev.kinema.data.ClipLoader;
import dev.kinema.data.ClipSampling;
import dev.kinema.data.ClipTransform;
import dev.kinema.data.Film;
import dev.kinema.data.FilmList;
import dev.kinema.data.LoaderPosition;
import dev.kinema.data.LoaderSettings;
import dev.kinema.data.TestCrops;
import dev.kinema.data.UniformViews;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.metric.NearestNeighbours;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How good a backbone is while it is trained, where there are labels. Contrastive training: accuracy of nearest neighbours among the latest
 * rows of the training films (PySlowFast: online kNN), for validation films where there are some and else for the training films themselves,
 * each without itself. Supervised training: accuracy on validation films over several views and crops, their probabilities averaged.
 */
final class BackboneTest implements AutoCloseable {
    private static final String OUT = "out";
    private static final String MEMORY = "memory";
    private static final String KNOWN = "memory_known";
    private static final String FAILED = "test_failed_films";
    private static final int MOST_NEIGHBOURS = 4096;

    private final BackboneConfig.Phase phase;
    private final BackboneConfig.TestSettings settings;
    private final SlowConfig network;
    private final Objective objective;
    private final List<Film> films;
    private final FilmList validation;
    private final float[][] memory;
    private final Program program;

    BackboneTest(Device device, Weights weights, Compilation compilation, BackboneConfig config, BackboneConfig.Phase phase,
            Objective objective, FilmList films) {
        this.phase = phase;
        this.objective = objective;
        settings = phase.test();
        network = config.network().config();
        this.films = films.films();
        boolean classifies = objective instanceof Classification;
        boolean wanted = settings.everyEpochs() > 0 && (classifies || films.isLabelled());
        validation = wanted && phase.validation().isPresent() ? labelled(phase.validation().get(), classifies) : null;
        memory = wanted && !classifies ? new float[this.films.size()][] : null;
        program = validation == null ? null : compile(device, weights, compilation);
    }

    /** A film without a class can be tested by nothing. */
    private FilmList labelled(FilmsConfig settings, boolean classifies) {
        FilmList read = settings.read();
        int classes = classifies ? network.head().classes() : Integer.MAX_VALUE;
        read.films().stream().filter(film -> film.label() < 0 || film.label() >= classes).findFirst().ifPresent(film -> {
            throw new KinemaException("validation: '" + film.id() + "' in " + settings.list() + " has "
                + (film.isLabelled() ? "the label " + film.label() + ", but classes go from 0 to " + (classes - 1) : "no label")
                + ": give every film its class, or leave out validation");
        });
        return read;
    }

    private int crop() {
        return objective instanceof Classification ? settings.crop() : network.clip().crop();
    }

    private Program compile(Device device, Weights weights, Compilation compilation) {
        Graph graph = new Graph();
        SlowConfig.Clip clip = network.clip();
        Value clips = BackboneStep.clips(graph, new SlowConfig.Clip(clip.frames(), crop(), clip.samplingRate()), 1);
        Pass pass = Pass.eval(graph).at("backbone");
        Slow slow = new Slow(network);
        graph.output(OUT, objective instanceof Classification
            ? Slow.probabilities(slow.logits(pass, slow.positions(slow.map(pass, clips)))) : objective.rows(pass, clips));
        return device.compile(graph, weights, compilation);
    }

    /** Whether a test follows step {@code done} of {@code steps}. */
    boolean isDue(long done, long stepsPerEpoch, long steps) {
        boolean possible = memory != null || program != null;
        return possible && (done == steps || settings.everyEpochs() > 0 && done % (settings.everyEpochs() * stepsPerEpoch) == 0);
    }

    /** Keeps the rows of the first clips of a step's films. */
    void remember(List<ClipBatch> parts, float[] rows) {
        if (memory == null) {
            return;
        }
        int width = objective.width();
        int at = 0;
        for (ClipBatch part : parts) {
            for (int film : part.indices()) {
                memory[film] = Arrays.copyOfRange(rows, at * width, (at + 1) * width);
                at++;
            }
        }
    }

    /** The test's numbers by name. */
    Map<String, Double> run() {
        Map<String, Double> values = new LinkedHashMap<>();
        if (objective instanceof Classification) {
            List<Output> probabilities = outputs();
            values.put("test_top1", accuracy(probabilities, 1));
            values.put("test_top5", accuracy(probabilities, Math.min(5, network.head().classes())));
            values.put(FAILED, (double) validation.size() - probabilities.size());
            return values;
        }
        List<Output> tested = validation == null ? List.of() : outputs();
        values.put("knn_top1", neighbourAccuracy(tested));
        if (validation != null) {
            values.put(FAILED, (double) validation.size() - tested.size());
        }
        return values;
    }

    private double neighbourAccuracy(List<Output> tested) {
        List<float[]> rows = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        // every film is held against every other where none are set apart for validation: of many, some
        int every = validation == null ? 1 + memory.length / MOST_NEIGHBOURS : 1;
        for (int i = 0; i < memory.length; i += every) {
            if (memory[i] != null && films.get(i).isLabelled()) {
                rows.add(memory[i]);
                labels.add(films.get(i).label());
            }
        }
        float[][] known = rows.toArray(float[][]::new);
        NearestNeighbours neighbours = new NearestNeighbours(settings.neighbours(), settings.temperature());
        return validation == null ? neighbours.accuracyLeavingOneOut(known, ints(labels))
            : neighbours.accuracy(known, ints(labels), tested.stream().map(Output::values).toArray(float[][]::new),
                ints(tested.stream().map(output -> output.film().label()).toList()));
    }

    private static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(v -> v).toArray();
    }

    /** The sum of the outputs over a film's views and crops. */
    private record Output(Film film, float[] values) {}

    /** Of all validation films that can be decoded; which ones cannot is the loader's to count, and to refuse where they are many. */
    private List<Output> outputs() {
        boolean classifies = objective instanceof Classification;
        ClipSampling sampling = ClipSampling.of(network.clip().frames(), network.clip().samplingRate());
        int crop = crop();
        ClipTransform transform = classifies ? new TestCrops(crop, crop, settings.crops()) : new CentreCrop(crop, crop);
        LoaderSettings loading = LoaderSettings.evaluation(1, phase.loading().count())
            .withMaxFailedShare(phase.validation().orElseThrow().maxFailed());
        List<Output> sums = new ArrayList<>();
        try (ClipLoader loader = new ClipLoader(validation, new UniformViews(classifies ? settings.views() : 1, sampling), transform,
                loading, LoaderPosition.START, List.of())) {
            for (ClipBatch batch = loader.next(); batch != null; batch = loader.next()) {
                try (ClipBatch film = batch) {
                    sums.add(new Output(validation.films().get(film.indices()[0]), output(film)));
                }
            }
        }
        if (sums.isEmpty()) {
            throw new KinemaException("none of the " + validation.size() + " films of " + phase.validation().orElseThrow().list()
                + " can be decoded: repair them, or leave out validation");
        }
        return sums;
    }

    private float[] output(ClipBatch film) {
        HostArray frames = program.input(BackboneStep.FRAMES);
        float[] sum = new float[program.output(OUT).elements()];
        for (int offset = 0; offset < film.pixels().capacity(); offset += frames.elements()) {
            frames.buffer().put(0, film.pixels(), offset, frames.elements());
            program.run();
            float[] out = program.output(OUT).toFloats();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += out[i];
            }
        }
        return sum;
    }

    /** Share of the validation films whose class is among the {@code k} most probable. */
    private static double accuracy(List<Output> probabilities, int k) {
        int right = 0;
        for (Output film : probabilities) {
            float own = film.values()[film.film().label()];
            int above = 0;
            for (float other : film.values()) {
                above += other > own ? 1 : 0;
            }
            right += above < k ? 1 : 0;
        }
        return (double) right / probabilities.size();
    }

    /** What the test knows of the training films, for a checkpoint. */
    Map<String, HostArray> memory() {
        if (memory == null) {
            return Map.of();
        }
        int width = objective.width();
        HostArray rows = HostArray.allocate(DType.F32, Shape.of(memory.length, width));
        HostArray known = HostArray.allocate(DType.U8, Shape.of(memory.length));
        for (int i = 0; i < memory.length; i++) {
            if (memory[i] != null) {
                rows.buffer().asFloatBuffer().position(i * width).put(memory[i]);
                known.set(i, 1L);
            }
        }
        return Map.of(MEMORY, rows, KNOWN, known);
    }

    void restore(Map<String, HostArray> saved) {
        if (memory == null || !saved.containsKey(MEMORY)) {
            return;
        }
        int width = objective.width();
        float[] rows = saved.get(MEMORY).toFloats();
        for (int i = 0; i < memory.length; i++) {
            memory[i] = saved.get(KNOWN).getLong(i) == 0 ? null : Arrays.copyOfRange(rows, i * width, (i + 1) * width);
        }
    }

    @Override
    public void close() {
        if (program != null) {
            program.close();
        }
    }
}
