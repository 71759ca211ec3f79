package dev.kinema.nn;

import dev.kinema.graph.Value;
import dev.kinema.graph.op.Relu;
import java.util.List;

/**
 * Linear layers with ReLU, and batch norm where {@code norm} is given, between them; numbered as a PyTorch Sequential of all parts, as in
 * PySlowFast's MLPHead: {@code 0.weight}, with batch norm {@code 1.weight} and so on. A layer followed by batch norm has no bias.
 *
 * @param widths sizes of the outputs of the linear layers
 * @param norm batch norm after each linear layer but the last, or null
 */
public record Mlp(List<Integer> widths, BatchNorm norm) {
    public Mlp {
        widths = List.copyOf(widths);
    }

    /** [..., D] to [..., last width]; rank 2 at least where there is batch norm. */
    public Value apply(Pass pass, Value x) {
        Value y = x;
        int index = 0;
        for (int i = 0; i < widths.size(); i++) {
            boolean last = i == widths.size() - 1;
            y = Linear.xavier(y.shape().last(), widths.get(i), last || norm == null).apply(pass.at("" + index++), y);
            if (last) {
                break;
            }
            if (norm != null) {
                y = norm.apply(pass.at("" + index++), y);
            }
            y = Relu.of(y);
            index++;
        }
        return y;
    }
}
