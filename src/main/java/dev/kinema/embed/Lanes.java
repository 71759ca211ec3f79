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
import java.util.ArrayList;
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
        /** Begun, and filled into the next run of {@link #whole}. */
        List<ClipGroup> ahead = List.of();
        /** Not begun; null where there is none. */
        LaneWork kept;

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
        try {
            for (LaneWork next = queue.take(); next != END; next = lane.kept == null ? queue.take() : lane.kept) {
                lane.kept = null;
                perform(lane, next);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("somebody interrupted an encoder's own thread: interrupt those that call it", e);
        }
    }

    private void perform(Lane lane, LaneWork work) throws InterruptedException {
        if (!work.begin()) {
            return;
        }
        if (work instanceof ClipGroup clips) {
            boolean filled = encode(lane, gathered(clips), false);
            while (!lane.ahead.isEmpty()) {
                filled = encode(lane, lane.ahead, filled);
            }
            return;
        }
        EventWork events = (EventWork) work;
        Throwable thrown = null;
        try {
            events.run();
        } catch (RuntimeException | Error e) {
            // the caller's to see
            thrown = e;
        }
        work.end(thrown);
    }

    /** The group that was begun, and others that a batch has room for. */
    private List<ClipGroup> gathered(ClipGroup first) throws InterruptedException {
        List<ClipGroup> groups = new ArrayList<>(List.of(first));
        if (gather.isEmpty()) {
            return groups;
        }
        long begun = System.nanoTime();
        while (groups.size() < batch) {
            LaneWork next = queue.poll(gather.getAsLong() - (System.nanoTime() - begun), TimeUnit.NANOSECONDS);
            if (next instanceof ClipGroup clips) {
                if (clips.begin()) {
                    groups.add(clips);
                }
                continue;
            }
            if (next != null) {
                // an end, or events: not to be computed in front of clips that have waited longer
                queue.add(next);
            }
            break;
        }
        return groups;
    }

    /**
     * Computes clips, and meanwhile takes those that come after them.
     *
     * @param filled whether the whole program has them as its next inputs
     * @return whether it has those that come after them, if there are any; after a failure it has not
     */
    private boolean encode(Lane lane, List<ClipGroup> groups, boolean filled) {
        lane.ahead = List.of();
        Throwable thrown = null;
        try {
            int clips = groups.stream().mapToInt(ClipGroup::size).sum();
            if (!filled && lane.single.isPresent() && 2 * clips <= batch) {
                // a run costs what its clips cost: one by one, less than half a batch is cheaper than a whole
                for (ClipGroup group : groups) {
                    fill(lane.single.get(), List.of(group));
                    lane.single.get().run();
                    collect(lane.single.get(), List.of(group));
                }
            } else {
                if (!filled) {
                    fill(lane.whole, groups);
                }
                lane.whole.run(() -> fillAhead(lane));
                collect(lane.whole, groups);
            }
        } catch (RuntimeException | Error e) {
            // the callers' to see
            thrown = e;
        }
        for (ClipGroup group : groups) {
            group.end(thrown);
        }
        return thrown == null;
    }

    /** Takes clips that wait, and gives them to the whole program's next run; whether there were any. */
    private boolean fillAhead(Lane lane) {
        int most = gather.isPresent() ? batch : 1;
        if (lane.kept != null || queue.size() < most) {
            // what waits goes first, and what is less than a batch can grow until the run is done
            return false;
        }
        List<ClipGroup> groups = new ArrayList<>();
        for (LaneWork next = queue.poll(); next != null; next = groups.size() < most ? queue.poll() : null) {
            if (!(next instanceof ClipGroup clips)) {
                // an end, or events: after the clips that have waited longer
                lane.kept = next;
                break;
            }
            if (clips.begin()) {
                groups.add(clips);
            }
        }
        lane.ahead = groups;
        if (!groups.isEmpty()) {
            fill(lane.whole, groups);
        }
        return !groups.isEmpty();
    }

    private void fill(Program program, List<ClipGroup> groups) {
        ByteBuffer input = program.input(FRAMES).buffer();
        int row = 0;
        for (ClipGroup group : groups) {
            for (int i = 0; i < group.size(); i++) {
                ByteBuffer clip = group.clip(i);
                input.put(row++ * clipBytes, clip, clip.position(), clipBytes);
            }
        }
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
