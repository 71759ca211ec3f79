package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MatMul;
import dev.kinema.graph.op.Op;
import java.util.Map;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;

/** Linear layers and matrix products by oneDNN: operands in the program's precision, results in float32. */
final class Products {
    private Products() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Linear.class, Products::linear);
        rules.put(MatMul.class, Products::product);
    }

    private static void linear(Lowering l, Node node) {
        Linear op = (Linear) node.op();
        Value y = node.output(0);
        Shape weight = node.input(1).shape();
        DType dtype = l.compute();
        long rows = y.shape().rows();
        Buffer x = l.plain(node.input(0), dtype);
        Buffer w = l.plain(node.input(1));
        boolean packed = Lowering.isConstant(w);
        memory.desc typed = Layouts.transposed(weight.dim(1), weight.dim(0), w.dtype());
        memory.desc wanted = packed ? Layouts.matrixAny(weight.dim(1), weight.dim(0), dtype)
            : Layouts.transposed(weight.dim(1), weight.dim(0), dtype);
        primitive_attr attributes = Primitive.attributes();
        post_ops ops = new post_ops();
        switch (op.activation()) {
            case RELU -> ops.append_eltwise(dnnl.dnnl_eltwise_relu, 0, 0);
            case GELU -> ops.append_eltwise(dnnl.dnnl_eltwise_gelu_erf, 0, 0);
            case GELU_TANH -> ops.append_eltwise(dnnl.dnnl_eltwise_gelu_tanh, 0, 0);
            case NONE -> { }
        }
        attributes.set_post_ops(ops);
        memory.desc source = Layouts.matrix(rows, weight.dim(1), dtype);
        memory.desc target = Layouts.matrix(rows, weight.dim(0), DType.F32);
        memory.desc bias = Layouts.matrix(1, weight.dim(0), DType.F32);
        matmul.primitive_desc desc = op.bias() ? new matmul.primitive_desc(l.engine(), source, wanted, bias, target, attributes, false)
            : new matmul.primitive_desc(l.engine(), source, wanted, target, attributes, false);
        Buffer operand = w;
        if (packed && !desc.weights_desc().equals(typed)) {
            operand = new Buffer(new Storage("weight", desc.weights_desc().get_size(), Storage.Home.PLANNED), weight, dtype,
                desc.weights_desc());
            l.reorder(w, typed, operand, desc.weights_desc(), "weight");
        } else if (dtype != w.dtype()) {
            operand = l.plain(node.input(1), dtype);
        }
        Primitive primitive = new Primitive(l, desc, new matmul(desc)).read(dnnl.DNNL_ARG_SRC, x, source)
            .read(dnnl.DNNL_ARG_WEIGHTS, operand, desc.weights_desc());
        if (op.bias()) {
            primitive.read(dnnl.DNNL_ARG_BIAS, l.plain(node.input(2)), bias);
        }
        primitive.write(dnnl.DNNL_ARG_DST, l.define(y), target)
            .add("linear" + (op.activation() == Linear.Activation.NONE ? "" : "+" + op.activation().name().toLowerCase(java.util.Locale.ROOT)));
    }

    private static void product(Lowering l, Node node) {
        MatMul op = (MatMul) node.op();
        DType dtype = l.compute();
        Value a = node.input(0);
        Value b = node.input(1);
        Value y = node.output(0);
        memory.desc left = operand(a.shape(), op.transposeA(), dtype);
        memory.desc right = operand(b.shape(), op.transposeB(), dtype);
        memory.desc target = operand(y.shape(), false, DType.F32);
        matmul.primitive_desc desc = new matmul.primitive_desc(l.engine(), left, right, target, Primitive.attributes(), false);
        new Primitive(l, desc, new matmul(desc)).read(dnnl.DNNL_ARG_SRC, l.plain(a, dtype), left)
            .read(dnnl.DNNL_ARG_WEIGHTS, l.plain(b, dtype), right).write(dnnl.DNNL_ARG_DST, l.define(y), target).add("matmul");
    }

    /** [batch, rows, columns] of the value as the product sees it, with leading axes as one. */
    private static memory.desc operand(Shape s, boolean transposed, DType dtype) {
        long batch = s.product(0, s.rank() - 2);
        long rows = s.dim(-2);
        long columns = s.last();
        return transposed ? Layouts.strided(dtype, new long[] {batch, columns, rows}, rows * columns, 1, columns)
            : Layouts.strided(dtype, new long[] {batch, rows, columns}, rows * columns, columns, 1);
    }
}
