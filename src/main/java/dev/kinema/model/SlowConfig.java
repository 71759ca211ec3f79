package dev.kinema.model;

import dev.kinema.KinemaException;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Window;
import dev.kinema.nn.BatchNorm;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A Slow network: a residual network of bottlenecks over video that keeps its temporal resolution after the stem (Feichtenhofer et al.,
 * arXiv:1812.03982, section 3.1; PySlowFast's ResNet with ARCH slow).
 *
 * @param stem what comes before the residual stages
 * @param stages res2, res3, ...; stage i has inner width {@code width * 2^i} and four times that at its output
 * @param width channels of the stem (PySlowFast: RESNET.WIDTH_PER_GROUP with one group)
 * @param res2Pool kernel and stride of a max pool after the first stage; 1x1x1 for none (PySlowFast's C2D and I3D have 2x1x1)
 * @param clip the clips it is made for; other sizes are taken too
 * @param head what comes after the last stage
 * @param norm batch norm's constants
 * @param zeroInitFinalNorm whether the last batch norm of each block starts at 0 (PySlowFast: RESNET.ZERO_INIT_FINAL_BN, on in its
 *     supervised configurations, off in its contrastive ones)
 */
public record SlowConfig(Stem stem, List<Stage> stages, int width, Extent res2Pool, Clip clip, Head head, BatchNorm norm,
    boolean zeroInitFinalNorm) {

    /** Slow with 50 layers on 8 frames, one of 8 (PySlowFast: Kinetics/SLOW_8x8_R50): 32,454,096 parameters with 400 classes. */
    public static final SlowConfig SLOW_R50 = slow(50);

    /**
     * Slow-D with 50 layers on 16 frames, one of 4: the stem sees 5 frames and halves their number. It is the R3D-50 of CVRL (Qian
     * et al., arXiv:2008.03800; its published configuration has the temporal stride in conv1): 32,491,728 parameters with 400 classes.
     */
    public static final SlowConfig SLOW_D_R50 = slowD(50);

    /** Convolution with half-kernel padding, batch norm, ReLU, max pool. */
    public record Stem(Extent kernel, Extent stride, Window pool) {
        static final Window POOL = new Window(new Extent(1, 3, 3), new Extent(1, 2, 2), new Extent(0, 1, 1));
    }

    /**
     * Bottlenecks of one width.
     *
     * @param temporalKernel of the first convolution of each block
     * @param spatialStride of the 3x3 convolution of the first block
     */
    public record Stage(int blocks, int temporalKernel, int spatialStride) {}

    /**
     * @param frames in a clip
     * @param crop height and width in pixels
     * @param samplingRate frames of the film, at 30 per second, per frame of the clip
     */
    public record Clip(int frames, int crop, int samplingRate) {}

    /**
     * Classifier.
     *
     * @param dropout before the projection, in training
     */
    public record Head(Pool pool, int classes, double dropout) {}

    /** How the head averages the last stage's map. */
    public enum Pool {
        /** Over all of it: one position. */
        GLOBAL,
        /**
         * A window as large as the map of a clip of the configured size, stride 1: larger inputs give several positions (PySlowFast's ResNet,
         * which classifies 256x256 crops so).
         */
        CROP
    }

    public SlowConfig {
        stages = List.copyOf(stages);
        if (stages.isEmpty() || width < 1) {
            throw new KinemaException("a Slow network needs at least one stage and a positive width, got " + stages + " and " + width);
        }
    }

    /** Slow of 26, 50, 101 or 152 layers. */
    public static SlowConfig slow(int depth) {
        Stem stem = new Stem(new Extent(1, 7, 7), new Extent(1, 2, 2), Stem.POOL);
        return new SlowConfig(stem, stages(blocks(depth)), 64, Extent.ONE, new Clip(8, 224, 8), new Head(Pool.CROP, 400, 0.5),
            BatchNorm.DEFAULT, true);
    }

    /** Slow-D of 26, 50, 101 or 152 layers. */
    public static SlowConfig slowD(int depth) {
        Stem stem = new Stem(new Extent(5, 7, 7), new Extent(2, 2, 2), Stem.POOL);
        return slow(depth).withStem(stem).withClip(new Clip(16, 224, 4)).withHead(new Head(Pool.GLOBAL, 400, 0.5));
    }

    /** Bottlenecks per stage of a residual network (He et al., arXiv:1512.03385, table 1; 26 layers have two per stage). */
    public static List<Integer> blocks(int depth) {
        return switch (depth) {
            case 26 -> List.of(2, 2, 2, 2);
            case 50 -> List.of(3, 4, 6, 3);
            case 101 -> List.of(3, 4, 23, 3);
            case 152 -> List.of(3, 8, 36, 3);
            default -> throw new KinemaException("there is no residual network of " + depth
                + " layers: choose 26, 50, 101 or 152, or list the blocks of each stage");
        };
    }

    private static List<Stage> stages(List<Integer> blocks) {
        int[] temporal = {1, 1, 3, 3};
        return IntStream.range(0, temporal.length)
            .mapToObj(i -> new Stage(blocks.get(i), temporal[i], i == 0 ? 1 : 2)).toList();
    }

    /** Channels of the last stage, the size of a feature. */
    public int featureWidth() {
        return 4 * innerWidth(stages.size() - 1);
    }

    int innerWidth(int stage) {
        return width << stage;
    }

    /** The last stage's map for a clip of the configured size: the kernel of {@link Pool#CROP}. */
    public Extent cropMap() {
        Extent k = stem.kernel;
        Window conv = new Window(k, stem.stride, new Extent(k.t() / 2, k.h() / 2, k.w() / 2));
        Window res2 = new Window(res2Pool, res2Pool, Extent.ZERO);
        int t = res2.outT(stem.pool.outT(conv.outT(clip.frames)));
        int reduction = stem.stride.h() * stem.pool.stride().h() * res2Pool.h();
        for (Stage stage : stages) {
            reduction *= stage.spatialStride;
        }
        return new Extent(t, clip.crop / reduction, clip.crop / reduction);
    }

    public SlowConfig withStem(Stem stem) {
        return new SlowConfig(stem, stages, width, res2Pool, clip, head, norm, zeroInitFinalNorm);
    }

    public SlowConfig withStages(List<Stage> stages) {
        return new SlowConfig(stem, stages, width, res2Pool, clip, head, norm, zeroInitFinalNorm);
    }

    public SlowConfig withWidth(int width) {
        return new SlowConfig(stem, stages, width, res2Pool, clip, head, norm, zeroInitFinalNorm);
    }

    public SlowConfig withRes2Pool(Extent pool) {
        return new SlowConfig(stem, stages, width, pool, clip, head, norm, zeroInitFinalNorm);
    }

    public SlowConfig withClip(Clip clip) {
        return new SlowConfig(stem, stages, width, res2Pool, clip, head, norm, zeroInitFinalNorm);
    }

    public SlowConfig withHead(Head head) {
        return new SlowConfig(stem, stages, width, res2Pool, clip, head, norm, zeroInitFinalNorm);
    }

    public SlowConfig withZeroInitFinalNorm(boolean zero) {
        return new SlowConfig(stem, stages, width, res2Pool, clip, head, norm, zero);
    }
}
