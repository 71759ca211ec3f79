package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.model.SlowConfig;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.Damage;
import dev.kinema.video.GivenFilm;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Turns films into features of their clips and, with a contextualizer, into events.
 *
 * <p>A film is decoded by a thread of its own while clips are computed; held in memory are a few clips, whatever the film's length:
 * {@link ServingConfig} says how many, how many calls are worked on at a time, how many may wait, and for how long. Any number of threads
 * may use an encoder at once; a call computes in the encoder's own threads, and calls back in the thread that made it.
 *
 * <p>A call ends early, with {@link EncodingStoppedException}, when its thread is interrupted (which keeps its interrupt status), its
 * {@link Cancellation} says so, its deadline is over, or another thread calls {@link #close}. It gives back all that it took, does not wait
 * for clips that are being computed, and leaves the encoder as good as before. Where a film's decoder hangs in a read, as on a disk that
 * does not answer, it is waited for up to 5 seconds: so much later than its deadline a call may end. The decoder's thread is then left
 * alone, and ends with its read. A call that waits in a callback of its owner's ends when that returns.
 *
 * <p>The first film that is decoded by FFmpeg silences FFmpeg's log, which goes to the standard error of the whole process, for the whole
 * process: what matters in it is in {@link MovieFeatures#damage}.
 */
public final class MovieEncoder implements AutoCloseable {
    private static final Consumer<ClipFeature> NOBODY = clip -> { };

    private final MovieEncoderConfig config;
    private final SlowConfig network;
    private final ClipPlan plan;
    private final int clipBytes;
    private final boolean random;
    private final ClipMemory memory;
    private final Device device;
    private final Precision precision;
    private final Admission admission;
    private Lanes lanes;
    private EventContext context;
    private boolean closed;

    private MovieEncoder(MovieEncoderConfig config) {
        this.config = config;
        BackboneWeights backbone = BackboneWeights.read(config.weights());
        network = backbone.config();
        ContextualizerWeights contextualizer = config.contextualizer().map(ContextualizerWeights::read).orElse(null);
        SlowConfig.Clip clip = network.clip();
        plan = ClipPlan.of(clip.frames(), clip.samplingRate(), config.hop(), clip.crop()).withPadShort(config.padShort());
        clipBytes = clip.frames() * clip.crop() * clip.crop() * 3;
        random = backbone.isRandom() || contextualizer != null && contextualizer.isRandom();
        int threads = config.computing();
        int programs = config.serving().programsFor(threads);
        admission = new Admission(config.serving().runningFor(programs, config.batch()), config.serving());
        memory = ClipMemory.of(plan, programs, config.batch(), config.serving().groupOf(config.batch()));
        device = Device.open(config.device(), Math.max(1, threads / programs));
        boolean opened = false;
        try {
            precision = config.precision().calibratedOn(device);
            compile(backbone, contextualizer, programs);
            opened = true;
        } finally {
            if (!opened) {
                closeAll();
            }
        }
    }

    /**
     * Reads the weights and compiles the networks.
     *
     * @throws KinemaException if weights cannot be read or do not belong together, or the device cannot be opened
     */
    public static MovieEncoder open(MovieEncoderConfig config) {
        return new MovieEncoder(config);
    }

    private void compile(BackboneWeights backbone, ContextualizerWeights contextualizer, int programs) {
        if (contextualizer != null) {
            EventContext.checkFits(contextualizer, backbone);
            contextualizer.training().ifPresent(known -> known.requireUse(contextualizer.source(), contextualizer.config(), config.weights(),
                config.hop(), config.window()));
            context = new EventContext(device, contextualizer, config.window());
        }
        lanes = new Lanes(device, backbone, compilation(), programs, config.batch(), config.serving().gatherNanos());
    }

    private Compilation compilation() {
        if (config.calibration().isEmpty()) {
            return new Compilation(precision, true);
        }
        Calibration calibration = Calibration.read(config.calibration().get());
        calibration.requireWeights(config.weights());
        return Compilation.int8(calibration.ranges());
    }

    /** What it was made of. */
    public MovieEncoderConfig config() {
        return config;
    }

    /** How films are cut into clips. */
    public ClipPlan plan() {
        return plan;
    }

    /** In what numbers the backbone computes. */
    public Precision precision() {
        return precision;
    }

    /** The device, in a line for a person; its threads are those of one program. */
    public String device() {
        return device.name() + " (" + device.description() + ")";
    }

    /** Length of a feature. */
    public int featureWidth() {
        return network.featureWidth();
    }

    /** Length of an event; empty without a contextualizer. */
    public OptionalInt eventWidth() {
        return context == null ? OptionalInt.empty() : OptionalInt.of(context.width());
    }

    /** Events that are contextualised together; empty without a contextualizer. */
    public OptionalInt window() {
        return context == null ? OptionalInt.empty() : OptionalInt.of(context.window());
    }

    /** Whether some of the weights were never trained: what comes out are features of an untrained network. */
    public boolean isRandom() {
        return random;
    }

    /** What it is busy with now. */
    public EncoderLoad load() {
        return admission.load();
    }

    /**
     * Starts decoding a film, to be encoded by {@link #encode(ClipStream, EncodingProgress)} or {@link #stream}. What is wrong with
     * the film is thrown there. Streams are not counted before they are encoded: how many are open is up to the caller.
     */
    public ClipStream open(Path film) {
        return open(film, 0);
    }

    /** {@link #open(Path)} from clip {@code from} on, found by seeking: the clips are those that decoding from the start delivers. */
    public ClipStream open(Path film, long from) {
        if (from < 0) {
            throw new IllegalArgumentException("clip " + from + ": clips are counted from 0");
        }
        return new ClipStream(film, plan, from, memory);
    }

    /** {@link #open(Path)} of a film that the caller decodes. */
    public ClipStream open(GivenFilm film) {
        return new ClipStream(film, plan, memory);
    }

    ClipMemory memory() {
        return memory;
    }

    /**
     * Encodes a film.
     *
     * @throws FilmException if the film cannot be read or is shorter than a clip
     * @throws EncodingStoppedException if the call ends early
     * @throws KinemaException if the device fails, or the disk
     */
    public MovieFeatures encode(Path film) {
        return encode(film, EncodingProgress.NONE);
    }

    /** {@link #encode(Path)} that says how far it is. */
    public MovieFeatures encode(Path film, EncodingProgress progress) {
        return encode(film, progress, Cancellation.onRequest());
    }

    /** {@link #encode(Path)} that says how far it is, and may be cancelled. */
    public MovieFeatures encode(Path film, EncodingProgress progress, Cancellation cancellation) {
        return encode(film, () -> open(film), NOBODY, progress, cancellation);
    }

    /**
     * {@link #encode(Path)} that also hands out each clip's feature as soon as it is there, as {@link #stream} does to such a {@code sink},
     * then the whole with its events: in one call, which waits for its turn once.
     */
    public MovieFeatures encode(Path film, Cancellation cancellation, Consumer<ClipFeature> sink) {
        return encode(film, () -> open(film), sink, EncodingProgress.NONE, cancellation);
    }

    /** Encodes a film that the caller decodes: FFmpeg is not used, and need not be there. */
    public MovieFeatures encode(GivenFilm film) {
        return encode(film, EncodingProgress.NONE, Cancellation.onRequest());
    }

    /** The same that says how far it is, and may be cancelled. */
    public MovieFeatures encode(GivenFilm film, EncodingProgress progress, Cancellation cancellation) {
        return encode(film.film(), () -> open(film), NOBODY, progress, cancellation);
    }

    /** {@link #encode(Path, Cancellation, Consumer)} of a film that the caller decodes. */
    public MovieFeatures encode(GivenFilm film, Cancellation cancellation, Consumer<ClipFeature> sink) {
        return encode(film.film(), () -> open(film), sink, EncodingProgress.NONE, cancellation);
    }

    private MovieFeatures encode(Path film, Supplier<ClipStream> opened, Consumer<ClipFeature> sink, EncodingProgress progress,
            Cancellation cancellation) {
        return admitted(film, cancellation, call -> {
            try (ClipStream clips = opened.get()) {
                return whole(clips, sink, progress, call);
            }
        });
    }

    /** Encodes a film whose decoding has begun; the stream remains to be closed. */
    public MovieFeatures encode(ClipStream clips, EncodingProgress progress) {
        checkOwn(clips);
        return admitted(clips.film(), Cancellation.onRequest(), call -> whole(clips, NOBODY, progress, call));
    }

    private MovieFeatures whole(ClipStream clips, Consumer<ClipFeature> sink, EncodingProgress progress, EncodingCall call) {
        List<ClipFeature> encoded = new ArrayList<>();
        Damage damage = new FilmEncoding(clips, lanes, call, clip -> {
            encoded.add(clip);
            sink.accept(clip);
        }, progress).run();
        return withEvents(MovieFeatures.of(clips.film(), plan, encoded, featureWidth(), damage), call);
    }

    /**
     * What all clips of a film make together, with its events where there is a contextualizer: the end of encoding a film by
     * {@link #stream} in several goes. With a contextualizer it is a call of its own, which waits for its turn.
     *
     * @param encoded the features of clips 0, 1, 2, ...
     */
    public MovieFeatures features(Path film, List<ClipFeature> encoded, Damage damage) {
        for (int k = 0; k < encoded.size(); k++) {
            if (encoded.get(k).index() != k) {
                throw new IllegalArgumentException("clip " + encoded.get(k).index() + " at place " + k + ": give all clips in their order");
            }
        }
        MovieFeatures features = MovieFeatures.of(film, plan, encoded, featureWidth(), damage);
        return context == null ? features : admitted(film, Cancellation.onRequest(), call -> withEvents(features, call));
    }

    private MovieFeatures withEvents(MovieFeatures features, EncodingCall call) {
        if (context == null) {
            return features;
        }
        EventWork work = new EventWork(context, features.features());
        perform(List.of(work), call);
        return features.withEvents(work.events());
    }

    /**
     * Encodes a film and hands out each clip's feature as soon as it is there, in their order, without keeping them. Events need the whole
     * film, and are not computed.
     *
     * @param sink called in this thread; it must not use the encoder. While it does not return, no more than a few clips are decoded. What
     *     it throws ends the call
     * @return what was wrong with the film
     */
    public Damage stream(ClipStream clips, Consumer<ClipFeature> sink, EncodingProgress progress) {
        return stream(clips, sink, progress, Cancellation.onRequest());
    }

    /** {@link #stream(ClipStream, Consumer, EncodingProgress)} that may be cancelled. */
    public Damage stream(ClipStream clips, Consumer<ClipFeature> sink, EncodingProgress progress, Cancellation cancellation) {
        checkOwn(clips);
        return admitted(clips.film(), cancellation, call -> new FilmEncoding(clips, lanes, call, sink, progress).run());
    }

    /** {@link #stream(ClipStream, Consumer, EncodingProgress, Cancellation)} of a film that is not opened before it is its turn. */
    public Damage stream(Path film, Consumer<ClipFeature> sink, Cancellation cancellation) {
        return admitted(film, cancellation, call -> {
            try (ClipStream clips = open(film)) {
                return new FilmEncoding(clips, lanes, call, sink, EncodingProgress.NONE).run();
            }
        });
    }

    private void checkOwn(ClipStream clips) {
        if (!clips.isIn(memory)) {
            throw new IllegalArgumentException("'" + clips.film() + "' was opened by another encoder: open it with the one that encodes it");
        }
    }

    /**
     * Encodes one clip given as frames.
     *
     * @param frames u8 RGB [T, H, W, 3] between position and limit, in the frames and size of {@link #plan()}
     */
    public float[] encode(ByteBuffer frames) {
        return encodeFrames(List.of(frames)).get(0);
    }

    /** {@link #encode(ByteBuffer)} of an array. */
    public float[] encode(byte[] frames) {
        return encode(ByteBuffer.wrap(frames));
    }

    /** {@link #encode(ByteBuffer)} of several clips, in batches. */
    public List<float[]> encodeFrames(List<ByteBuffer> clips) {
        return encodeFrames(clips, Cancellation.onRequest());
    }

    /** {@link #encodeFrames(List)} that may be cancelled. */
    public List<float[]> encodeFrames(List<ByteBuffer> clips, Cancellation cancellation) {
        clips.forEach(this::checkSize);
        List<ClipGroup> groups = new ArrayList<>();
        for (int done = 0; done < clips.size(); done += lanes.groupSize()) {
            groups.add(new ClipGroup(clips.subList(done, Math.min(clips.size(), done + lanes.groupSize())), () -> { }));
        }
        return admitted(clips.size() == 1 ? "a clip" : clips.size() + " clips", cancellation, call -> {
            perform(groups, call);
            List<float[]> features = new ArrayList<>();
            groups.forEach(group -> features.addAll(group.features()));
            return features;
        });
    }

    private void checkSize(ByteBuffer clip) {
        SlowConfig.Clip size = network.clip();
        if (clip.remaining() != clipBytes) {
            throw new KinemaException("a clip of " + clip.remaining() + " bytes, but the encoder takes u8 [" + size.frames() + ", "
                + size.crop() + ", " + size.crop() + ", 3], " + clipBytes + " bytes: scale and cut the frames to that");
        }
    }

    /** Has the lanes do something, and waits until all is done, or dropped because the call ends. */
    private void perform(List<? extends LaneWork> works, EncodingCall call) {
        try {
            works.forEach(lanes::submit);
            works.forEach(work -> work.await(call));
        } finally {
            works.forEach(LaneWork::drop);
        }
        works.forEach(LaneWork::rethrow);
    }

    private <T> T admitted(Path film, Cancellation cancellation, Function<EncodingCall, T> work) {
        return admitted("'" + film + "'", cancellation, work);
    }

    private <T> T admitted(String what, Cancellation cancellation, Function<EncodingCall, T> work) {
        try (EncodingCall call = new EncodingCall(what, cancellation, config.serving(), admission::isClosing)) {
            admission.enter(call);
            try {
                return work.apply(call);
            } finally {
                admission.leave(call);
            }
        }
    }

    /**
     * Ends all calls, those that wait and those that are worked on, which throw {@link EncodingStoppedException}; waits until they have
     * ended, and gives memory back.
     */
    @Override
    public void close() {
        admission.close();
        closeAll();
    }

    /** Whether {@link #close} was called; it may still wait for a thread that encodes. */
    boolean isClosing() {
        return admission.isClosing();
    }

    private synchronized void closeAll() {
        if (closed) {
            return;
        }
        closed = true;
        if (lanes != null) {
            lanes.close();
        }
        if (context != null) {
            context.close();
        }
        device.close();
        memory.clear();
    }
}
