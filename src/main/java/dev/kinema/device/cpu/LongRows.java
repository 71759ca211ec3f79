package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.softmax_backward;
import org.bytedeco.dnnl.softmax_forward;
import org.bytedeco.dnnl.stream;

/** Softmax by oneDNN. It gives no log-sums, which a loop in Java computes where they are wanted. A row of minus infinities becomes NaN. */
final class LongRows implements RowSoftmax {
    private final int rows;
    private final int width;
    private final memory.desc form;
    private final Kernel forward;
    private final Kernel backward;

    /** @param scratch null where it needs none */
    private record Kernel(primitive primitive, memory.desc form, Buffer scratch) {
        static Kernel of(Lowering l, primitive primitive, memory.desc form) {
            return new Kernel(l.keep(primitive), form, form.get_size() == 0 ? null : l.scratch(form.get_size(), "scratch"));
        }
    }

    LongRows(Lowering l, int rows, int width, boolean gradient) {
        this.rows = rows;
        this.width = width;
        form = Layouts.matrix(rows, width, DType.F32);
        softmax_forward.primitive_desc desc = new softmax_forward.primitive_desc(l.engine(), dnnl.dnnl_forward_training,
            dnnl.dnnl_softmax_accurate, form, form, 1, Primitive.attributes(), false);
        forward = Kernel.of(l, new softmax_forward(desc), desc.scratchpad_desc());
        if (gradient) {
            softmax_backward.primitive_desc back = new softmax_backward.primitive_desc(l.engine(), dnnl.dnnl_softmax_accurate, form, form,
                form, 1, desc, Primitive.attributes(), false);
            backward = Kernel.of(l, new softmax_backward(back), back.scratchpad_desc());
        } else {
            backward = null;
        }
    }

    @Override
    public List<Buffer> scratch() {
        return Stream.of(forward, backward).filter(Objects::nonNull).map(Kernel::scratch).filter(Objects::nonNull).toList();
    }

    @Override
    public boolean readsLogSums() {
        return false;
    }

    @Override
    public Runnable forward(CpuProgram program, Buffer table, Buffer logs) {
        Runnable softmax = again(program, table, logs);
        if (logs == null) {
            return softmax;
        }
        FloatBuffer in = table.floats();
        FloatBuffer out = logs.floats();
        Team.Range sums = (from, to) -> {
            for (int row = from; row < to; row++) {
                out.put(row, (float) Reductions.logSum(in, row * width, width));
            }
        };
        return () -> {
            program.team().run(rows, 1 + Elementwise.GRAIN / width, sums);
            softmax.run();
        };
    }

    @Override
    public Runnable again(CpuProgram program, Buffer table, Buffer logs) {
        memory view = view(program, form, table);
        return bind(program, forward, new int[] {dnnl.DNNL_ARG_SRC, dnnl.DNNL_ARG_DST}, view, view);
    }

    @Override
    public Runnable backward(CpuProgram program, Buffer probabilities, Buffer gradients) {
        memory view = view(program, form, gradients);
        return bind(program, backward, new int[] {dnnl.DNNL_ARG_DST, dnnl.DNNL_ARG_DIFF_DST, dnnl.DNNL_ARG_DIFF_SRC},
            view(program, form, probabilities), view, view);
    }

    private static Runnable bind(CpuProgram program, Kernel kernel, int[] arguments, memory... views) {
        IntMemoryMap map = program.own(new IntMemoryMap());
        for (int i = 0; i < arguments.length; i++) {
            map.put(arguments[i], views[i]);
        }
        if (kernel.scratch() != null) {
            map.put(dnnl.DNNL_ARG_SCRATCHPAD, view(program, kernel.form(), kernel.scratch()));
        }
        primitive primitive = kernel.primitive();
        stream stream = program.stream();
        return () -> primitive.execute(stream, map);
    }

    private static memory view(CpuProgram program, memory.desc form, Buffer buffer) {
        return program.own(new memory(form, program.engine(), Memory.at(buffer.storage().address(), form.get_size())));
    }
}
