package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.InBatchInfoNceGradient;
import dev.kinema.graph.op.Op;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** InfoNCE with in-batch negatives, with products in the type of activations and everything else in F32. */
final class BatchContrast {
    private BatchContrast() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(InBatchInfoNce.class, BatchContrast::loss);
        rules.put(InBatchInfoNceGradient.class, BatchContrast::gradient);
    }

    /** Whether a reader of a loss's operands is the gradient of that loss. */
    static boolean isGradient(Node reader, Node loss) {
        return reader.op() instanceof InBatchInfoNceGradient g && loss.op() instanceof InBatchInfoNce forward
            && g.temperature() == forward.temperature() && reader.inputs().subList(1, 3).equals(loss.inputs())
            && reader.input(3).equals(loss.output(1));
    }

    private static void loss(Lowering l, Node node) {
        double temperature = ((InBatchInfoNce) node.op()).temperature();
        UnitRows.Side a = UnitRows.side(l, node.input(0));
        UnitRows.Side b = UnitRows.side(l, node.input(1));
        int rows = a.count();
        int width = a.width();
        int code = a.operand().code();
        Buffer loss = l.define(node.output(0));
        Buffer logs = l.define(node.output(1));
        Buffer workspace = l.scratch(Kinema.kn_infonce_batch_loss_workspace(rows, width, code), "infonce");
        // both views may be of the same rows
        Set<Buffer> reads = new LinkedHashSet<>();
        Set<Buffer> writes = new LinkedHashSet<>(List.of(loss, logs, workspace));
        Step.Launch pairs = UnitRows.normalize(a, b, null, temperature, reads, writes);
        String what = a.isRaw() || b.isRaw() ? "infonce.normalize+batch_loss" : "infonce.batch_loss";
        l.step(what, List.copyOf(reads), List.copyOf(writes), stream -> {
            int status = pairs.on(stream);
            return status != Kinema.KN_OK ? status : Kinema.kn_infonce_batch_loss(loss.address(), logs.address(), a.address(), b.address(),
                rows, width, temperature, code, workspace.address(), stream);
        });
    }

    private static void gradient(Lowering l, Node node) {
        double temperature = ((InBatchInfoNceGradient) node.op()).temperature();
        Buffer upstream = l.of(node.input(0), DType.F32);
        Buffer logs = l.of(node.input(3), DType.F32);
        UnitRows.Side a = UnitRows.side(l, node.input(1));
        UnitRows.Side b = UnitRows.side(l, node.input(2));
        UnitRows.Back ofA = a.back(l, node.output(0));
        UnitRows.Back ofB = b.back(l, node.output(1));
        int rows = a.count();
        int width = a.width();
        int code = a.operand().code();
        Buffer workspace = l.scratch(Kinema.kn_infonce_batch_gradient_workspace(rows, width, code), "infonce");
        Set<Buffer> reads = new LinkedHashSet<>(List.of(upstream, logs));
        reads.addAll(List.of(a.operand(), b.operand()));
        reads.addAll(ofA.reads());
        reads.addAll(ofB.reads());
        Set<Buffer> writes = new LinkedHashSet<>(List.of(workspace));
        writes.addAll(List.of(ofA.result(), ofB.result()));
        l.step("infonce.batch_gradient" + (ofA.through() || ofB.through() ? "+normalize_gradient" : ""), List.copyOf(reads),
            List.copyOf(writes), stream -> Kinema.kn_infonce_batch_gradient(ofA.address(), ofB.address(), upstream.address(), a.address(),
                b.address(), logs.address(), ofA.unit(), ofA.norms(), a.epsilon(), ofB.unit(), ofB.norms(), b.epsilon(), rows, width,
                temperature, code, workspace.address(), stream));
    }
}
