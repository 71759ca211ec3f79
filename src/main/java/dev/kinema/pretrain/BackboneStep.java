package dev.kinema.pretrain;

import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.model.SlowConfig;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Supplier;

/** One optimizer step of a backbone over a batch that comes in parts of equal size. */
interface BackboneStep extends AutoCloseable {
    String FRAMES = "frames";
    String ROWS = "rows";
    String KEYS = "keys";
    String LOSS = "loss";
    String RANKS = "ranks";

    /**
     * What a step looks at.
     *
     * @param parts the pixels of each part, u8 [clips, films of the part, T, S, S, 3]
     * @param labels of all films, in the order of the parts
     */
    record Clips(List<ByteBuffer> parts, int[] labels) {}

    /**
     * What a step is run with.
     *
     * @param rate the learning rate
     * @param decay share of the old value in the momentum encoder
     * @param number of the step, which draws may depend on
     */
    record Batch(Clips clips, double rate, double decay, long number) {
        Batch(List<ByteBuffer> parts, int[] labels, double rate, double decay, long number) {
            this(new Clips(parts, labels), rate, decay, number);
        }

        List<ByteBuffer> parts() {
            return clips.parts();
        }

        int[] labels() {
            return clips.labels();
        }
    }

    /**
     * What a step gave.
     *
     * @param rows [clips * N, width], the first clips of all films first
     * @param ranks per comparison how many negatives were more alike than the positive; empty where it is not known
     */
    record Result(double loss, double gradientNorm, float[] rows, int[] ranks) {}

    Result run(Batch batch);

    /**
     * The same; a step of one part meanwhile gives the device the clips of the next.
     *
     * @param following the clips of the next step, which this is then to be run with; null where they are not there yet
     */
    default Result run(Batch batch, Supplier<Clips> following) {
        return run(batch);
    }

    @Override
    void close();

    /** The input of {@code clips} clips, normalised: float32 [clips, T, S, S, 3]. */
    static Value clips(Graph graph, SlowConfig.Clip size, int clips) {
        Value frames = graph.input(FRAMES, DType.U8, Shape.of(clips, size.frames(), size.crop(), size.crop(), 3));
        return NormalizeFrames.of(frames, NormalizeFrames.KINETICS);
    }

    /** Copies a part's pixels into the input of a program. */
    static void fill(Program program, ByteBuffer pixels) {
        HostArray frames = program.input(FRAMES);
        if (pixels.limit() != frames.elements()) {
            throw new IllegalArgumentException(pixels.limit() + " bytes of pixels for " + frames.type());
        }
        frames.buffer().put(0, pixels, 0, frames.elements());
    }

    /** The int32 numbers of an output. */
    static int[] integers(Program program, String name) {
        long[] values = program.output(name).toLongs();
        int[] integers = new int[values.length];
        for (int i = 0; i < integers.length; i++) {
            integers[i] = Math.toIntExact(values[i]);
        }
        return integers;
    }
}
