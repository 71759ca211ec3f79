package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.data.ClipBatch;
import dev.kinema.data.ClipLoader;
import dev.kinema.data.FailedFilm;
import dev.kinema.data.FilmList;
import dev.kinema.data.LoaderPosition;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.op.Softmax;
import dev.kinema.metric.Verbs;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import dev.kinema.pretrain.Position;
import dev.kinema.run.Metrics;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.ClipFilms;
import dev.kinema.task.vidsitu.Event;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.VerbPrediction;
import dev.kinema.task.vidsitu.VerbVocabulary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Verbs (paper, section 4; VidSitu's toolkit, vidsitu_code/mdl_sf_base.py): the backbone is trained with a classifier on each of a clip's
 * events alone. What the vocabulary lacks is a target as well, that of the unknown.
 */
final class VerbNetwork implements TaskNetwork<VerbPrediction> {
    /** What {@link #export} writes into the run's folder. */
    static final String EXPORT = "backbone.safetensors";
    private static final String PROBABILITIES = "probabilities";

    private final VerbsConfig config;
    private final VerbClassifier network;
    private final VerbVocabulary verbs;
    private final EventPictures pictures;
    private final FilmList films;
    /** The verbs of the films' events, [films][5]. */
    private final int[][] labels;
    private final String fingerprint;
    private final long seed;
    private final Consumer<String> note;
    private final Weights weights;
    private final VerbStep step;
    private final Program prediction;
    private LoaderPosition position = LoaderPosition.START;
    private List<FailedFilm> failed = List.of();
    private ClipLoader loader;
    /** Taken while the step before computes; null where nothing is. */
    private Loaded ahead;
    private boolean whole = true;

    /** A part of a batch, to be closed when its step is made. */
    private record Loaded(ClipBatch clips, VerbStep.Part part) {}

    /**
     * @param backbone what sees events; {@code pictures} are of its size
     * @param clips to learn from, with an annotation each
     * @param start the backbone's variables by their names in its weights files, as far as they are not drawn from the seed; a classifier's
     *     of its own are passed over
     * @param note is told of clips without pictures, and of each that cannot be decoded
     * @throws KinemaException if more clips have no pictures than may, or those that have do not fill a batch
     */
    VerbNetwork(Device device, Compilation compilation, VerbsConfig config, SlowConfig backbone, VerbVocabulary verbs,
            EventPictures pictures, List<Situation> clips, Map<String, HostArray> start, long seed, Consumer<String> note) {
        this.config = config;
        this.verbs = verbs;
        this.pictures = pictures;
        this.seed = seed;
        this.note = note;
        network = new VerbClassifier(backbone, config.hidden() == 0 ? Math.max(1, backbone.featureWidth() / 2) : config.hidden(),
            verbs.size());
        ClipFilms found = pictures.films(clips, pictures.settings().maxMissing());
        if (!found.missing().isEmpty()) {
            note.accept(found.describeMissing() + ": they are left out");
        }
        films = found.films();
        labels = labels(clips);
        fingerprint = Sha256.ofText(films.fingerprint() + Arrays.deepToString(labels));
        int batch = config.tuning().batch();
        if (films.size() < batch) {
            throw new KinemaException("there are " + films.size() + " clips to train on, fewer than the " + batch
                + " of a batch: lower batch, or leave fewer clips out");
        }
        weights = device.newWeights();
        boolean built = false;
        try {
            BackboneWeights.variables(headless(backbone)).keySet().stream().filter(start::containsKey)
                .forEach(name -> weights.put(VerbClassifier.BACKBONE + name, start.get(name)));
            int events = config.part() * Clip.EVENTS;
            step = new VerbStep(device, weights, compilation, network, events, batch / config.part(),
                config.tuning().optimizer().optimizer(), seed);
            Graph asked = new Graph();
            asked.output(PROBABILITIES, Softmax.of(network.logits(Pass.eval(asked), events)));
            prediction = device.compile(asked, weights, compilation);
            built = true;
        } finally {
            if (!built) {
                weights.close();
            }
        }
    }

    private static SlowConfig headless(SlowConfig backbone) {
        return backbone.withHead(new SlowConfig.Head(backbone.head().pool(), 0, backbone.head().dropout()));
    }

    private int[][] labels(List<Situation> clips) {
        Map<String, Situation> byId = new HashMap<>();
        clips.forEach(situation -> byId.put(situation.clip().id(), situation));
        return films.films().stream().map(film -> byId.get(film.id()).annotations().get(0).events().stream().map(Event::verbId)
            .mapToInt(verbs::index).toArray()).toArray(int[][]::new);
    }

    @Override
    public Weights weights() {
        return weights;
    }

    @Override
    public long stepsPerEpoch() {
        return films.size() / config.tuning().batch();
    }

    @Override
    public Map<String, Double> train(long number, double rate) {
        List<Loaded> parts = new ArrayList<>();
        try {
            long waited = load(parts);
            whole = false;
            VerbStep.Result result = step.run(parts.stream().map(Loaded::part).toList(), rate, this::takeAhead);
            ClipBatch last = parts.get(parts.size() - 1).clips();
            position = last.position();
            remember(last.failed());
            whole = true;
            Map<String, Double> said = new LinkedHashMap<>();
            said.put(Metrics.LOSS, result.loss());
            said.put(Metrics.GRADIENT_NORM, result.gradientNorm());
            said.put("top1", result.top1());
            said.put("failed_films", (double) failed.size());
            said.put("damaged_films", (double) parts.stream().map(Loaded::clips).mapToInt(ClipBatch::damagedFilms).sum());
            said.put("decode_wait_seconds", waited / 1e9);
            return said;
        } finally {
            parts.forEach(part -> part.clips().close());
        }
    }

    /** The batches of a step: all of them before anything is computed. @return nanoseconds spent waiting for them */
    private long load(List<Loaded> parts) {
        int count = config.tuning().batch() / config.part();
        if (loader == null) {
            loader = pictures.training(films, config.part(), count, seed, position, failed);
        }
        long before = loader.waitedNanos();
        if (ahead != null) {
            parts.add(ahead);
            ahead = null;
        }
        while (parts.size() < count) {
            parts.add(loaded(loader.next()));
        }
        return loader.waitedNanos() - before;
    }

    private Loaded loaded(ClipBatch clips) {
        return new Loaded(clips, new VerbStep.Part(clips.pixels(), labels(clips)));
    }

    /** The next step's first part if it is decoded; the position is still that before it. */
    private VerbStep.Part takeAhead() {
        ahead = loader.poll().map(this::loaded).orElse(null);
        return ahead == null ? null : ahead.part();
    }

    /** In the order of the pixels: the first events of all clips come first. */
    private int[] labels(ClipBatch part) {
        int[] indices = part.indices();
        int[] wanted = new int[Clip.EVENTS * indices.length];
        for (int event = 0; event < Clip.EVENTS; event++) {
            for (int f = 0; f < indices.length; f++) {
                wanted[event * indices.length + f] = labels[indices[f]][event];
            }
        }
        return wanted;
    }

    private void remember(List<FailedFilm> now) {
        for (FailedFilm film : now.subList(failed.size(), now.size())) {
            note.accept("clip '" + film.id() + "' is left out: " + film.reason());
        }
        failed = now;
    }

    @Override
    public boolean isBetweenSteps() {
        return whole;
    }

    @Override
    public Map<String, String> position() {
        return Position.write(position, failed, fingerprint);
    }

    @Override
    public void restore(Map<String, String> saved) {
        Position read = Position.read(saved, fingerprint, pictures.dataset().layout().split(Split.TRAIN));
        position = read.loader();
        failed = read.failed();
        closeLoader();
    }

    @Override
    public List<VerbPrediction> predict(List<Situation> situations) {
        FilmList shown = pictures.films(situations, 0).films();
        VerbPrediction[] predictions = new VerbPrediction[situations.size()];
        try (ClipLoader asked = pictures.evaluation(shown, config.part())) {
            for (ClipBatch next = asked.next(); next != null; next = asked.next()) {
                try (ClipBatch batch = next) {
                    requireAll(asked.failed());
                    predict(batch, situations, predictions);
                }
            }
            requireAll(asked.failed());
        }
        return List.of(predictions);
    }

    private static void requireAll(List<FailedFilm> failed) {
        if (!failed.isEmpty()) {
            FailedFilm film = failed.get(0);
            throw new KinemaException("clip '" + film.id() + "' cannot be decoded (" + film.reason() + "), and its verbs are asked for: get"
                + " its film again, or leave the clip out (dataset.leave_out)");
        }
    }

    private void predict(ClipBatch batch, List<Situation> situations, VerbPrediction[] into) {
        int count = batch.films();
        // the last batch may fill some of the rows only; the others keep what they had, and nobody asks for them
        prediction.input(VerbClassifier.FRAMES).buffer().put(0, batch.pixels(), 0, batch.pixels().limit());
        prediction.run();
        float[] probabilities = prediction.output(PROBABILITIES).toFloats();
        int[] indices = batch.indices();
        for (int f = 0; f < count; f++) {
            List<List<String>> names = new ArrayList<>();
            List<List<Double>> scores = new ArrayList<>();
            for (int event = 0; event < Clip.EVENTS; event++) {
                int row = (event * count + f) * verbs.size();
                int[] best = best(probabilities, row);
                names.add(Arrays.stream(best).mapToObj(verbs::symbol).toList());
                scores.add(Arrays.stream(best).mapToObj(verb -> (double) probabilities[row + verb]).toList());
            }
            into[indices[f]] = new VerbPrediction(situations.get(indices[f]).index(), names, scores);
        }
    }

    /** The most probable verbs of a row, falling; of equally probable ones the lower number comes first. */
    private int[] best(float[] probabilities, int row) {
        int[] best = new int[Verbs.DEPTH];
        int filled = 0;
        for (int verb = 0; verb < verbs.size(); verb++) {
            int place = filled;
            while (place > 0 && probabilities[row + verb] > probabilities[row + best[place - 1]]) {
                place--;
            }
            if (place < best.length) {
                filled = Math.min(filled + 1, best.length);
                System.arraycopy(best, place, best, place + 1, filled - 1 - place);
                best[place] = verb;
            }
        }
        return best;
    }

    /** Writes the backbone, for {@code kinema extract}, {@code kinema embed} and the other tasks. */
    @Override
    public void export(Path folder, long steps) {
        SlowConfig backbone = headless(network.backbone());
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        BackboneWeights.variables(backbone).keySet().forEach(name -> tensors.put(name, weights.get(VerbClassifier.BACKBONE + name)));
        String origin = "fine-tuned (verbs, " + steps + " steps on " + pictures.dataset().layout().root() + ")";
        new BackboneWeights(folder, backbone, tensors, origin).write(folder.resolve(EXPORT), seed, steps);
    }

    private void closeLoader() {
        if (ahead != null) {
            ahead.clips().close();
            ahead = null;
        }
        if (loader != null) {
            loader.close();
            loader = null;
        }
    }

    @Override
    public void close() {
        closeLoader();
        prediction.close();
        step.close();
        weights.close();
    }
}
