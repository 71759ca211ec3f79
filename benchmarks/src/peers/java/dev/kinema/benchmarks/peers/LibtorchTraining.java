package dev.kinema.benchmarks.peers;

import dev.kinema.graph.Node;
import dev.kinema.graph.op.BatchNorm;
import dev.kinema.graph.op.Broadcast;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.Select;
import java.util.List;
import org.bytedeco.pytorch.NormalizeFuncOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Operations that training steps alone have, as calls of libtorch's; losses are computed in float32. */
final class LibtorchTraining {
    private LibtorchTraining() {}

    static boolean isKnown(Node node) {
        Op op = node.op();
        return op instanceof BatchNorm || op instanceof L2Normalize && node.output(0).shape().rank() == 2
            || op instanceof InBatchInfoNce || op instanceof Broadcast broadcast && leads(broadcast) || op instanceof Select
            || op instanceof Dropout || op instanceof Reshape || op instanceof Gather gather && gather.axis() == 0
            || op instanceof InfoNce nce && !nce.owned();
    }

    /** Whether the axes that are added come first, as libtorch adds them. */
    private static boolean leads(Broadcast op) {
        for (int i = 0; i < op.axes().size(); i++) {
            if (op.axes().get(i) != i) {
                return false;
            }
        }
        return true;
    }

    static Tensor compute(Node node, List<Tensor> in) {
        Op op = node.op();
        Tensor x = in.get(0);
        if (op instanceof BatchNorm norm) {
            return torch.batch_norm(x, new TensorOptional(in.get(1)), new TensorOptional(in.get(2)), new TensorOptional(),
                new TensorOptional(), true, 0.1, norm.epsilon(), false);
        } else if (op instanceof L2Normalize) {
            return torch.normalize(x.to(torch.ScalarType.Float), new NormalizeFuncOptions()).to(x.scalar_type());
        } else if (op instanceof Broadcast broadcast) {
            return x.expand(VideoLayout.channelsFirst(broadcast.shape()));
        } else if (op instanceof Select) {
            return torch.where(x.unsqueeze(-1), in.get(1), in.get(2));
        } else if (op instanceof Dropout dropout) {
            return torch.dropout(x, dropout.p(), true);
        } else if (op instanceof Reshape) {
            return x.reshape(VideoLayout.channelsFirst(node.output(0).shape()));
        } else if (op instanceof Gather) {
            return torch.index_select(x, 0, in.get(1));
        } else if (op instanceof InfoNce nce) {
            return againstQueue(nce, x, in.get(1), in.get(2));
        }
        return inBatch((InBatchInfoNce) op, x, in.get(1));
    }

    /** Cross-entropy of [q.k, q.queue^T] / temperature, the positive first. */
    private static Tensor againstQueue(InfoNce op, Tensor q, Tensor k, Tensor queue) {
        Tensor positive = q.mul(k).sum(new long[] {1}, true, new org.bytedeco.pytorch.ScalarTypeOptional());
        Tensor negative = q.matmul(queue.t());
        Tensor logits = torch.cat(new TensorVector(positive, negative), 1).to(torch.ScalarType.Float).div(new Scalar(op.temperature()));
        return torch.cross_entropy_loss(logits, Tensor.create(new long[(int) q.size(0)], q.size(0)));
    }

    /** Each of 2N rows finds its partner among the 2N - 1 others; the sum of the means of both ways is twice the mean. */
    private static Tensor inBatch(InBatchInfoNce op, Tensor a, Tensor b) {
        int films = (int) a.size(0);
        Tensor rows = torch.cat(new TensorVector(a, b), 0).to(torch.ScalarType.Float);
        long[] partners = new long[2 * films];
        for (int i = 0; i < partners.length; i++) {
            partners[i] = (i + films) % partners.length;
        }
        Tensor scores = rows.matmul(rows.t()).div(new Scalar(op.temperature()));
        Tensor logits = LibtorchCall.same(scores, scores.fill_diagonal_(new Scalar(Double.NEGATIVE_INFINITY)));
        return torch.cross_entropy_loss(logits, Tensor.create(partners, 2L * films)).mul(new Scalar(2.0));
    }
}
