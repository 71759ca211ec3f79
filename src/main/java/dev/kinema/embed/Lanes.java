package dev.kinema.embed;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
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
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Threads with a program of the backbone each, over one set of weights, which take work in the order it comes. Programs run in these
 * threads only: an OpenMP library keeps a team for each thread that ever computed.
 */
final class Lanes implements AutoCloseable {
    /** Tells a lane to end. */
    private static final LaneWork END = new LaneWork() {
    };
    private static final String FRAMES = "frames";
    private static final System.Logger LOG = System.getLogger(Lanes.class.getName());
    private static final String INTERRUPTED = "somebody interrupted an encoder's own thread, which goes on: interrupt those that call it";

    private final int batch;
    private final int clipBytes;
    private final int featureWidth;
    private final OptionalLong gather;
    private final BlockingQueue<LaneWork> queue = new LinkedBlockingQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final List<Program> programs = new ArrayList<>();
    private final Weights weights;

    /** What a lane computes with, and what it has taken out of the queue while it computed. */
    private static final class Lane {
        final Program whole;
        /** For clips too few to be worth a batch. */
        final Optional<Program> single;
        /** Filled into the next run of {@link #whole}, or to be. */
        List<ClipGroup> ahead = List.of();
        /** Whether the whole program has them. */
        boolean filled;
        /** What was met among clips, and comes when those are done: events, the end. */
        final Deque<LaneWork> kept = new ArrayDeque<>();

        Lane(Program whole, Optional<Program> single) {
            this.whole = whole;
            this.single = single;
        }
    }

    /** @param gather nanoseconds that a clip waits for clips of other calls; empty for batches of one call's clips */
    Lanes(Device device, BackboneWeights backbone, Compilation how, int count, int batch, OptionalLong gather) {
        this.batch = batch;
        this.gather = gather;
        SlowConfig.Clip clip = backbone.config().clip();
        clipBytes = clip.frames() * clip.crop() * clip.crop() * 3;
        featureWidth = backbone.config().featureWidth();
        weights = device.newWeights();
        boolean started = false;
        try {
            backbone.copyTo(weights);
            Graph whole = graph(backbone.config(), batch);
            Graph single = graph(backbone.config(), 1);
            // batch norm's counters may be missing from a file, and nothing computes with them
            weights.initialize(whole, 0);
            List<Lane> lanes = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                lanes.add(new Lane(compile(device, whole, how.withStaged(FRAMES)),
                    batch > 1 && gather.isPresent() ? Optional.of(compile(device, single, how)) : Optional.empty()));
            }
            lanes.forEach(this::start);
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    /** The backbone from {@code frames}, u8 [batch, T, H, W, 3], to {@code feature} [batch, width]. */
    static Graph graph(SlowConfig network, int batch) {
        Graph graph = new Graph();
        SlowConfig.Clip clip = network.clip();
        Value frames = graph.input(FRAMES, DType.U8, Shape.of(batch, clip.frames(), clip.crop(), clip.crop(), 3));
        Value clips = NormalizeFrames.of(frames, NormalizeFrames.KINETICS);
        graph.output("feature", new Slow(network).feature(Pass.eval(graph), clips));
        return graph;
    }

    private Program compile(Device device, Graph graph, Compilation how) {
        Program program = device.compile(graph, weights, how);
        programs.add(program);
        return program;
    }

    private void start(Lane lane) {
        Thread thread = new Thread(() -> work(lane), "kinema-encode-" + threads.size());
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    /** How many clips one run computes. */
    int batch() {
        return batch;
    }

    /** How many clips a call hands over together. */
    int groupSize() {
        return gather.isPresent() ? 1 : batch;
    }

    /** How many lanes there are. */
    int count() {
        return threads.size();
    }

    /** Never waits: what callers hand over is bounded by how many of them are let in. */
    void submit(LaneWork work) {
        queue.add(work);
    }

    private void work(Lane lane) {
        for (LaneWork next = take(); next != END; next = lane.kept.isEmpty() ? take() : lane.kept.poll()) {
            if (next instanceof ClipGroup clips) {
                encode(lane, clips);
            } else {
                contextualize((EventWork) next);
            }
        }
    }

    private LaneWork take() {
        while (true) {
            try {
                return queue.take();
            } catch (InterruptedException e) {
                LOG.log(System.Logger.Level.WARNING, INTERRUPTED);
            }
        }
    }

    private void encode(Lane lane, ClipGroup first) {
        List<ClipGroup> groups = new ArrayList<>(batch);
        groups.add(first);
        try {
            gather(lane, groups);
        } catch (RuntimeException | Error e) {
            // the callers' to see: a lane must not end while somebody may wait for it
            groups.forEach(group -> end(group, e));
            return;
        }
        boolean filled = encode(lane, groups, false);
        while (!lane.ahead.isEmpty()) {
            filled = encode(lane, lane.ahead, filled);
        }
    }

    private static void contextualize(EventWork events) {
        if (!events.begin()) {
            return;
        }
        Throwable thrown = null;
        try {
            events.run();
        } catch (RuntimeException | Error e) {
            // the caller's to see
            thrown = e;
        }
        end(events, thrown);
    }

    /** Adds other calls' clips while the batch has room and they may be waited for. */
    private void gather(Lane lane, List<ClipGroup> groups) {
        if (gather.isEmpty()) {
            return;
        }
        long begun = System.nanoTime();
        boolean open = true;
        while (open && groups.size() < batch) {
            // events wait for this batch: they let clips in that are there, and wait for no others
            long left = lane.kept.isEmpty() ? gather.getAsLong() - (System.nanoTime() - begun) : 0;
            LaneWork next = poll(left);
            if (next instanceof ClipGroup clips) {
                if (clips.isWanted()) {
                    groups.add(clips);
                }
                continue;
            }
            if (next != null) {
                lane.kept.add(next);
            }
            open = next != null && next != END;
        }
    }

    private LaneWork poll(long nanos) {
        try {
            return queue.poll(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            LOG.log(System.Logger.Level.WARNING, INTERRUPTED);
            return null;
        }
    }

    /**
     * Computes clips, and meanwhile takes those that come after them.
     *
     * @param filled whether the whole program has them as its next inputs
     * @return whether it has those that come after them, if there are any; after a failure it has not
     */
    private boolean encode(Lane lane, List<ClipGroup> groups, boolean filled) {
        lane.ahead = List.of();
        lane.filled = false;
        Throwable thrown = null;
        try {
            int clips = groups.stream().mapToInt(ClipGroup::size).sum();
            if (!filled && lane.single.isPresent() && 2 * clips <= batch) {
                // a run costs what its clips cost: one by one, less than half a batch is cheaper than a whole
                for (ClipGroup group : groups) {
                    if (fill(lane.single.get(), List.of(group))) {
                        lane.single.get().run();
                        collect(lane.single.get(), List.of(group));
                    }
                }
            } else if (filled || fill(lane.whole, groups)) {
                lane.whole.run(() -> lane.filled = fillAhead(lane));
                collect(lane.whole, groups);
            }
        } catch (RuntimeException | Error e) {
            // the callers' to see
            thrown = e;
        }
        for (ClipGroup group : groups) {
            end(group, thrown);
        }
        return thrown == null && lane.filled;
    }

    private static void end(LaneWork work, Throwable thrown) {
        try {
            work.end(thrown);
        } catch (RuntimeException | Error e) {
            // as where memory is short: the work is done, and others wait for this lane
            LOG.log(System.Logger.Level.ERROR, "a call was not told that its clips are done, and looks for itself within a minute", e);
        }
    }

    /** Takes clips that wait, and gives them to the whole program's next run; whether there were any. */
    private boolean fillAhead(Lane lane) {
        int most = gather.isPresent() ? batch : 1;
        if (!lane.kept.isEmpty() || queue.size() < most) {
            // what waits goes first, and what is less than a batch can grow until the run is done
            return false;
        }
        List<ClipGroup> groups = new ArrayList<>(most);
        lane.ahead = groups;
        for (LaneWork next = queue.poll(); next != null; next = groups.size() < most ? queue.poll() : null) {
            if (next instanceof ClipGroup clips) {
                if (clips.isWanted()) {
                    groups.add(clips);
                }
                continue;
            }
            // an end, or events: after the clips that have waited longer, and those that are there and fill their batch
            lane.kept.add(next);
            if (next == END) {
                break;
            }
        }
        return fill(lane.whole, groups);
    }

    /** Copies clips into a program's input; false where nobody waits for any of them. Places of those who do not hold what they held. */
    private boolean fill(Program program, List<ClipGroup> groups) {
        ByteBuffer input = program.input(FRAMES).buffer();
        boolean wanted = false;
        int row = 0;
        for (ClipGroup group : groups) {
            if (group.begin()) {
                wanted = true;
                for (int i = 0; i < group.size(); i++) {
                    ByteBuffer clip = group.clip(i);
                    input.put((row + i) * clipBytes, clip, clip.position(), clipBytes);
                }
                group.read();
            }
            row += group.size();
        }
        return wanted;
    }

    private void collect(Program program, List<ClipGroup> groups) {
        HostArray output = program.output("feature");
        int row = 0;
        for (ClipGroup group : groups) {
            for (int i = 0; i < group.size(); i++) {
                group.set(i, row(output, row++));
            }
        }
    }

    private float[] row(HostArray output, int row) {
        float[] feature = new float[featureWidth];
        if (output.dtype() == DType.F32) {
            output.buffer().asFloatBuffer().position(row * featureWidth).get(feature);
            return feature;
        }
        for (int i = 0; i < featureWidth; i++) {
            feature[i] = (float) output.get(row * featureWidth + i);
        }
        return feature;
    }

    /** Waits for the lanes to end; there must be no call left that wants something of them. An interrupt is kept for later. */
    @Override
    public void close() {
        threads.forEach(thread -> queue.add(END));
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        programs.forEach(Program::close);
        weights.close();
    }
}
