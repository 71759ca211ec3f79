package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.config.ConfigWriter;
import dev.kinema.data.ClipBatch;
import dev.kinema.data.ClipLoader;
import dev.kinema.data.FailedFilm;
import dev.kinema.data.FeatureFailure;
import dev.kinema.data.FeatureHeader;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.FeatureWriter;
import dev.kinema.data.Film;
import dev.kinema.data.FilmIdentity;
import dev.kinema.data.FilmList;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.FeatureExtraction;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import dev.kinema.run.FolderLock;
import dev.kinema.run.StageFolder;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.ClipFilms;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Features of a dataset's events by a backbone whose weights no longer change, in a {@link FeatureStore}: of each clip, by its id, five
 * rows, of its events in their order. A run that was interrupted or killed goes on with the clips that are not done.
 *
 * @param device computes
 * @param precision in what numbers
 * @param backbone its own clips say which pictures of an event are seen
 * @param sha256 digest of the backbone's weights file, in hexadecimal
 * @param dataset whose clips they are
 * @param settings how pictures become squares, and how they are loaded
 */
record BackboneFeatures(Device device, Precision precision, BackboneWeights backbone, String sha256, VidSituDataset dataset,
    DatasetConfig settings) {

    private static final String FEATURES = "features";
    private static final double FILM_RATE = Clip.FRAME_RATE;

    /** What decides the numbers, and is held against the folder. */
    private record Deciding(String weights, SlowConfig.Clip clip, DatasetConfig.Framing framing, String device, String precision) {}

    /**
     * What became of some clips.
     *
     * @param done clips that were computed
     * @param skipped clips that were there before
     * @param failed clips that cannot be decoded, or gave numbers that are not finite
     * @param missing ids of clips that have no pictures
     * @param damaged clips that were computed, though something was wrong with their films
     */
    record Result(int done, int skipped, List<FeatureFailure> failed, List<String> missing, int damaged) {}

    /** A store being written, and the count of what was. */
    private static final class Session {
        final FeatureWriter store;
        final FeatureExtraction.Watcher watcher;
        final Map<String, Optional<FilmIdentity>> identities = new HashMap<>();
        final List<FeatureFailure> failed = new ArrayList<>();
        int known;
        int done;
        int damaged;
        /** What the program's next run has as input already, and nothing has closed; null where nothing. */
        ClipBatch ahead;

        Session(FeatureWriter store, FeatureExtraction.Watcher watcher) {
            this.store = store;
            this.watcher = watcher;
        }

        /** Gives back what no run will read. */
        void dropAhead() {
            if (ahead != null) {
                ahead.close();
                ahead = null;
            }
        }

        void fail(Film film, String reason) {
            failed.add(store.fail(film, reason));
            watcher.failed(film, new KinemaException(reason));
        }

        /** Notes films that turned out undecodable since this was last asked. */
        void failNew(List<FailedFilm> now, Map<String, Film> films) {
            now.subList(known, now.size()).forEach(film -> fail(films.get(film.id()), film.reason()));
            known = now.size();
        }
    }

    /**
     * Computes what is not there. A store of another backbone, framing, device or precision is kept under another name. Clips that failed
     * are tried again.
     *
     * @param folder of the store, made if it is not there
     * @param batch clips computed at once
     * @param watcher is told what becomes of each clip
     * @param note is told where a store of other settings is kept
     * @throws KinemaException if all clips lack pictures, the store cannot be written, or this thread is interrupted; what was done is kept
     */
    Result write(Path folder, List<Situation> situations, int batch, FeatureExtraction.Watcher watcher, Consumer<String> note) {
        SlowConfig.Clip clip = backbone.config().clip();
        String deciding = ConfigWriter.write(new Deciding(sha256, clip, settings.framing(), device.name(), precisionName()));
        StageFolder stage = new StageFolder(folder, note);
        Path saved = folder.resolve(StageFolder.SETTINGS);
        if (FeatureStore.isIn(folder) && !Files.exists(saved)) {
            stage.setAside("it has no " + StageFolder.SETTINGS);
        }
        stage.free(deciding);
        ClipFilms films = new EventPictures(dataset, settings, clip).films(situations, 1);
        stage.create();
        try (FolderLock lock = stage.lock()) {
            AtomicFile.writeText(saved, deciding);
            FeatureHeader header = FeatureHeader.of(sha256, backbone.config().featureWidth(), Clip.EVENT_SECONDS, clip.frames(),
                clip.samplingRate() / FILM_RATE, clip.crop(), precisionName(), device.name());
            try (FeatureWriter store = FeatureStore.append(folder, header)) {
                Session session = new Session(store, watcher);
                int skipped = compute(session, films.films().films(), batch);
                return new Result(session.done, skipped, List.copyOf(session.failed), films.missing(), session.damaged);
            }
        }
    }

    private String precisionName() {
        return precision.name().toLowerCase(Locale.ROOT);
    }

    /** @return films that were there before */
    private int compute(Session session, List<Film> films, int batch) {
        List<Film> pending = films.stream().filter(film -> session.store.keep(film).isEmpty()).toList();
        session.watcher.counted(pending.size(), films.size() - pending.size());
        if (!pending.isEmpty()) {
            Graph graph = new Graph();
            Pass pass = Pass.eval(graph);
            graph.output(FEATURES, new Slow(backbone.config()).feature(pass,
                VerbClassifier.clips(pass, batch * Clip.EVENTS, backbone.config().clip())));
            try (Weights weights = device.newWeights()) {
                backbone.tensors().forEach(weights::put);
                // batch norm's counters may be missing from a file, and nothing computes with them
                weights.initialize(graph, 0);
                try (Program program = device.compile(graph, weights, new Compilation(precision, true).withStaged(VerbClassifier.FRAMES))) {
                    compute(session, pending, program, batch);
                }
            }
        }
        return films.size() - pending.size();
    }

    private void compute(Session session, List<Film> pending, Program program, int batch) {
        Map<String, Film> byId = new HashMap<>();
        for (Film film : pending) {
            byId.put(film.id(), film);
            session.identities.put(film.id(), FilmIdentity.of(film.path()));
        }
        EventPictures pictures = new EventPictures(dataset, settings, backbone.config().clip());
        try (ClipLoader loader = pictures.evaluation(FilmList.of(pending), batch)) {
            try {
                compute(session, loader, program, byId);
            } finally {
                session.dropAhead();
            }
            session.failNew(loader.failed(), byId);
        }
    }

    private void compute(Session session, ClipLoader loader, Program program, Map<String, Film> byId) {
        long begun = System.nanoTime();
        ClipBatch next = loader.next();
        while (next != null) {
            boolean filled = next == session.ahead;
            session.ahead = null;
            try (ClipBatch clips = next) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new KinemaException("interrupted between two clips: give the same command again to go on");
                }
                session.failNew(clips.failed(), byId);
                if (!filled) {
                    fill(program, clips);
                }
                program.run(() -> takeAhead(session, loader, program));
                add(session, clips, byId, program.output(FEATURES).toFloats(), (System.nanoTime() - begun) / 1e9);
            }
            begun = System.nanoTime();
            next = session.ahead == null ? loader.next() : session.ahead;
        }
    }

    private static void fill(Program program, ClipBatch clips) {
        program.input(VerbClassifier.FRAMES).buffer().put(0, clips.pixels(), 0, clips.pixels().limit());
    }

    private static boolean takeAhead(Session session, ClipLoader loader, Program program) {
        session.ahead = loader.poll().orElse(null);
        if (session.ahead != null) {
            fill(program, session.ahead);
        }
        return session.ahead != null;
    }

    /** @param rows the first events of all films come first */
    private void add(Session session, ClipBatch clips, Map<String, Film> films, float[] rows, double seconds) {
        int width = backbone.config().featureWidth();
        List<String> ids = clips.ids();
        for (int f = 0; f < ids.size(); f++) {
            float[] features = new float[Clip.EVENTS * width];
            for (int event = 0; event < Clip.EVENTS; event++) {
                System.arraycopy(rows, (event * ids.size() + f) * width, features, event * width, width);
            }
            add(session, films.get(ids.get(f)), features, seconds / ids.size());
        }
        session.damaged += clips.damagedFilms();
    }

    private void add(Session session, Film film, float[] features, double seconds) {
        Optional<FilmIdentity> identity = session.identities.get(film.id());
        for (float feature : features) {
            if (!Float.isFinite(feature)) {
                session.fail(film, "the features of '" + film.path() + "' are not finite: use other weights, or fp32");
                return;
            }
        }
        if (identity.isEmpty()) {
            session.fail(film, "'" + film.path() + "' came to be while it was read: give the same command again");
            return;
        }
        HostArray rows = HostArray.allocate(DType.F32, Shape.of(Clip.EVENTS, features.length / Clip.EVENTS));
        rows.put(features);
        HostArray starts = HostArray.allocate(DType.F64, Shape.of(Clip.EVENTS));
        for (int event = 0; event < Clip.EVENTS; event++) {
            starts.set(event, (double) event * Clip.EVENT_SECONDS);
        }
        session.watcher.done(session.store.add(film, identity.get(), rows, starts, ""), seconds);
        session.done++;
    }
}
