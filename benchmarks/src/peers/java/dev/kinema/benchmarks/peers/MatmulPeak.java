package dev.kinema.benchmarks.peers;

import dev.kinema.device.Precision;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;

/** oneDNN's product of two 2048 x 2048 matrices, the second in the layout oneDNN likes best: the arithmetic this machine really yields. */
final class MatmulPeak implements AutoCloseable {
    private static final long SIZE = 2048;
    static final double FLOPS = 2.0 * SIZE * SIZE * SIZE;

    private final PointerScope scope;
    private final stream stream;
    private final matmul product;
    private final IntMemoryMap arguments = new IntMemoryMap();

    MatmulPeak(Precision precision) {
        try (PointerScope building = new PointerScope()) {
            scope = building.extend();
            engine engine = new engine(dnnl.dnnl_cpu, 0);
            stream = new stream(engine);
            memory.data_type type = precision == Precision.BF16 ? memory.data_type.bf16 : memory.data_type.f32;
            long[] dims = {SIZE, SIZE};
            memory.desc plain = new memory.desc(dims, type, memory.format_tag.ab);
            matmul.primitive_desc desc = new matmul.primitive_desc(engine, plain, new memory.desc(dims, type, memory.format_tag.any), plain);
            product = new matmul(desc);
            memory left = new memory(desc.src_desc(), engine);
            memory right = new memory(desc.weights_desc(), engine);
            fill(engine, left, 3);
            fill(engine, right, 5);
            building.attach(arguments);
            arguments.put(dnnl.DNNL_ARG_SRC, left);
            arguments.put(dnnl.DNNL_ARG_WEIGHTS, right);
            arguments.put(dnnl.DNNL_ARG_DST, new memory(desc.dst_desc(), engine));
        }
    }

    /** Small numbers other than zero: some processors are faster, and cooler, on zeros. */
    private void fill(engine engine, memory target, int period) {
        memory source = new memory(new memory.desc(new long[] {SIZE, SIZE}, memory.data_type.f32, memory.format_tag.ab), engine);
        float[] values = new float[(int) (SIZE * SIZE)];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.25f + i % period;
        }
        new FloatPointer(source.get_data_handle()).put(values);
        new reorder(source, target).execute(stream, source, target);
        stream._wait();
    }

    void run() {
        product.execute(stream, arguments);
        stream._wait();
    }

    @Override
    public void close() {
        scope.close();
    }
}
