package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.ClipFactor;
import dev.kinema.graph.op.GlobalNorm;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Reduce;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Sums over axes and norms; results are in F32. */
final class Reductions {
    /** Axes that the kernels know. */
    static final int AXES = 6;

    private Reductions() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Reduce.class, Reductions::reduce);
        rules.put(GlobalNorm.class, Reductions::norm);
        rules.put(ClipFactor.class, Reductions::clipFactor);
    }

    /** The sizes of the axes with axes of size 1 in front. */
    static long[] sizes(Shape shape) {
        if (shape.rank() > AXES) {
            throw new KinemaException("the cuda device knows values of up to " + AXES + " axes here, got " + shape + ": reshape it first");
        }
        long[] sizes = new long[AXES];
        Arrays.fill(sizes, 1);
        for (int i = 0; i < shape.rank(); i++) {
            sizes[AXES - shape.rank() + i] = shape.dim(i);
        }
        return sizes;
    }

    private static void reduce(Lowering l, Node node) {
        Reduce op = (Reduce) node.op();
        Buffer x = l.of(node.input(0));
        Buffer y = l.define(node.output(0));
        long[] d = sizes(x.shape());
        int axes = op.axes().stream().mapToInt(a -> 1 << AXES - x.shape().rank() + a).sum();
        float scale = op.kind() == Reduce.Kind.MEAN ? (float) ((double) y.elements() / Math.max(1, x.elements())) : 1;
        Buffer scratch = l.scratch(Kinema.kn_reduce_sum_workspace(d[0], d[1], d[2], d[3], d[4], d[5], axes), "partial sums");
        l.step("reduce.sum", List.of(x), List.of(y, scratch), stream -> Kinema.kn_reduce_sum(y.address(), x.address(), d[0], d[1], d[2],
            d[3], d[4], d[5], axes, scale, x.code(), scratch.address(), stream));
    }

    private static void norm(Lowering l, Node node) {
        List<Buffer> in = node.inputs().stream().map(l::of).toList();
        Buffer y = l.define(node.output(0));
        long[] sizes = in.stream().flatMapToLong(b -> Arrays.stream(new long[] {0, b.code(), b.elements()})).toArray();
        Buffer scratch = l.scratch(Kinema.kn_reduce_norm_workspace(sizes, in.size()), "partial sums");
        l.step("reduce.norm of " + in.size() + " tensors", in, List.of(y, scratch), stream -> {
            long[] tensors = sizes.clone();
            for (int i = 0; i < in.size(); i++) {
                tensors[Kinema.KN_NORM_COLUMNS * i] = in.get(i).address();
            }
            return Kinema.kn_reduce_norm(y.address(), tensors, in.size(), scratch.address(), stream);
        });
    }

    private static void clipFactor(Lowering l, Node node) {
        float limit = (float) ((ClipFactor) node.op()).limit();
        Buffer norm = l.of(node.input(0), DType.F32);
        Buffer y = l.define(node.output(0));
        l.step("reduce.clip_factor", List.of(norm), List.of(y),
            stream -> Kinema.kn_reduce_clip_factor(y.address(), norm.address(), limit, stream));
    }
}
