package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import dev.kinema.video.ClipPlan;
import dev.kinema.video.Damage;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Turns films into features of their clips and, with a contextualizer, into events.
 *
 * <p>A film is decoded by a thread of its own while clips are computed; held in memory are a few clips, whatever the film's length. Any
 * thread may use an encoder, but one at a time computes and the others wait: for more throughput open more encoders. {@link #close} may be
 * called while another thread encodes, which then throws; so does a thread that is interrupted, keeping its interrupt status.
 */
public final class MovieEncoder implements AutoCloseable {
    private final MovieEncoderConfig config;
    private final SlowConfig network;
    private final ClipPlan plan;
    private final int clipBytes;
    private final boolean random;
    private final Queue<ClipStream.Slot> spare = new ConcurrentLinkedQueue<>();
    private final ReentrantLock use = new ReentrantLock();
    private final Device device;
    private Precision precision;
    private Weights weights;
    private Program program;
    private EventContext context;
    private volatile boolean closing;
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
        device = Device.open(config.device(), config.threads());
        boolean opened = false;
        try {
            compile(backbone, contextualizer);
            opened = true;
        } finally {
            if (!opened) {
                close();
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

    private void compile(BackboneWeights backbone, ContextualizerWeights contextualizer) {
        if (contextualizer != null) {
            EventContext.checkFits(contextualizer, backbone);
            contextualizer.training().ifPresent(known -> known.requireUse(contextualizer.source(), contextualizer.config(), config.weights(),
                config.hop(), config.window()));
            context = new EventContext(device, contextualizer, config.window());
        }
        Graph graph = new Graph();
        SlowConfig.Clip clip = network.clip();
        Value frames = graph.input("frames", DType.U8, Shape.of(config.batch(), clip.frames(), clip.crop(), clip.crop(), 3));
        Value clips = NormalizeFrames.of(frames, NormalizeFrames.KINETICS);
        graph.output("feature", new Slow(network).feature(Pass.eval(graph), clips));
        precision = config.precision().on(device);
        weights = device.newWeights();
        backbone.copyTo(weights);
        // batch norm's counters may be missing from a file, and nothing computes with them
        weights.initialize(graph, 0);
        program = device.compile(graph, weights, new Compilation(precision, true));
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

    /** The device, in a line for a person. */
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

    /**
     * Starts decoding a film, to be encoded by {@link #encode(ClipStream, EncodingProgress)} or {@link #stream}. What is wrong with
     * the film is thrown there.
     */
    public ClipStream open(Path film) {
        return open(film, 0);
    }

    /** {@link #open(Path)} from clip {@code from} on, found by seeking: the clips are those that decoding from the start delivers. */
    public ClipStream open(Path film, long from) {
        if (from < 0) {
            throw new IllegalArgumentException("clip " + from + ": clips are counted from 0");
        }
        return new ClipStream(film, plan, from, spare);
    }

    /**
     * Encodes a film.
     *
     * @throws KinemaException if the film cannot be read or is shorter than a clip, this thread is interrupted, or the encoder closed
     */
    public MovieFeatures encode(Path film) {
        return encode(film, EncodingProgress.NONE);
    }

    /** {@link #encode(Path)} that says how far it is. */
    public MovieFeatures encode(Path film, EncodingProgress progress) {
        try (ClipStream clips = open(film)) {
            return encode(clips, progress);
        }
    }

    /** Encodes a film whose decoding has begun; the stream remains to be closed. */
    public MovieFeatures encode(ClipStream clips, EncodingProgress progress) {
        List<ClipFeature> encoded = new ArrayList<>();
        Damage damage = stream(clips, encoded::add, progress);
        return features(clips.film(), encoded, damage);
    }

    /**
     * What all clips of a film make together, with its events where there is a contextualizer: the end of encoding a film by
     * {@link #stream}, in one go or in several.
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
        if (context == null) {
            return features;
        }
        lock();
        try {
            return features.withEvents(context.events(features.features()));
        } finally {
            use.unlock();
        }
    }

    /**
     * Encodes a film and hands out each clip's feature as soon as it is there, in their order, without keeping them. Events need the whole
     * film, and are not computed.
     *
     * @param sink called in this thread; it must not use the encoder
     * @return what was wrong with the film
     */
    public Damage stream(ClipStream clips, Consumer<ClipFeature> sink, EncodingProgress progress) {
        if (!clips.plan().equals(plan)) {
            throw new IllegalArgumentException("clips of " + clips.plan() + " given to an encoder of " + plan
                + ": open them with the same encoder");
        }
        lock();
        try {
            return run(clips, sink, progress);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KinemaException("encoding '" + clips.film() + "' was interrupted: encode it again", e);
        } finally {
            use.unlock();
        }
    }

    private Damage run(ClipStream clips, Consumer<ClipFeature> sink, EncodingProgress progress) throws InterruptedException {
        ClipFeature[] batch = new ClipFeature[config.batch()];
        ByteBuffer input = program.input("frames").buffer();
        int filled = 0;
        long done = clips.from();
        while (true) {
            ClipStream.Slot slot = clips.next();
            checkRunning(clips.film());
            if (done == clips.from() && filled == 0) {
                progress.clips(done, clips.expectedClips());
            }
            if (slot != null) {
                input.put(filled * clipBytes, slot.pixels, 0, clipBytes);
                double start = plan.clipStart(slot.index);
                batch[filled++] = new ClipFeature(slot.index, start, start + plan.span(), slot.times.clone(), new float[featureWidth()]);
                clips.recycle(slot);
            }
            if (filled == batch.length || slot == null && filled > 0) {
                program.run();
                for (int i = 0; i < filled; i++) {
                    read(i, batch[i].values());
                    sink.accept(batch[i]);
                }
                done += filled;
                filled = 0;
                progress.clips(done, clips.expectedClips());
            }
            if (slot == null) {
                return clips.damage();
            }
        }
    }

    private void checkRunning(Path film) throws InterruptedException {
        if (closing) {
            throw new KinemaException("the encoder was closed while it encoded '" + film + "': close it when it is done");
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    private void read(int row, float[] into) {
        HostArray output = program.output("feature");
        if (output.dtype() == DType.F32) {
            output.buffer().asFloatBuffer().position(row * into.length).get(into);
            return;
        }
        for (int i = 0; i < into.length; i++) {
            into[i] = (float) output.get(row * into.length + i);
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
        clips.forEach(this::checkSize);
        lock();
        try {
            List<float[]> features = new ArrayList<>();
            ByteBuffer input = program.input("frames").buffer();
            for (int done = 0; done < clips.size(); done += config.batch()) {
                int filled = Math.min(config.batch(), clips.size() - done);
                for (int i = 0; i < filled; i++) {
                    ByteBuffer clip = clips.get(done + i);
                    input.put(i * clipBytes, clip, clip.position(), clipBytes);
                }
                program.run();
                for (int i = 0; i < filled; i++) {
                    float[] feature = new float[featureWidth()];
                    read(i, feature);
                    features.add(feature);
                }
            }
            return features;
        } finally {
            use.unlock();
        }
    }

    private void checkSize(ByteBuffer clip) {
        SlowConfig.Clip size = network.clip();
        if (clip.remaining() != clipBytes) {
            throw new KinemaException("a clip of " + clip.remaining() + " bytes, but the encoder takes u8 [" + size.frames() + ", "
                + size.crop() + ", " + size.crop() + ", 3], " + clipBytes + " bytes: scale and cut the frames to that");
        }
    }

    private void lock() {
        if (use.isHeldByCurrentThread()) {
            throw new IllegalStateException("an encoder was used inside its own callback: use it when encode has returned");
        }
        use.lock();
        if (closed) {
            use.unlock();
            throw new KinemaException("the encoder is closed: open another one");
        }
    }

    /** Waits until no thread encodes, and gives memory back. */
    @Override
    public void close() {
        if (use.isHeldByCurrentThread()) {
            throw new IllegalStateException("an encoder was closed inside its own callback: close it when encode has returned");
        }
        closing = true;
        use.lock();
        try {
            if (!closed) {
                closed = true;
                closeAll(program, weights, context, device);
            }
        } finally {
            use.unlock();
        }
    }

    /** Whether {@link #close} was called; it may still wait for a thread that encodes. */
    boolean isClosing() {
        return closing;
    }

    private static void closeAll(Program program, Weights weights, EventContext context, Device device) {
        if (program != null) {
            program.close();
        }
        if (weights != null) {
            weights.close();
        }
        if (context != null) {
            context.close();
        }
        device.close();
    }
}
