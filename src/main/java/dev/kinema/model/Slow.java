package dev.kinema.model;

import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.AveragePool3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.GlobalAveragePool3d;
import dev.kinema.graph.op.MaxPool3d;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.Softmax;
import dev.kinema.nn.BatchNorm;
import dev.kinema.nn.Conv3d;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;
import java.util.ArrayList;
import java.util.List;

/**
 * The video backbone, Slow or Slow-D by its configuration. Variables are named as PySlowFast's (pathway 0 of its ResNet), so that its
 * checkpoints map one to one; in a pass {@code at("backbone")} as those of its contrastive models.
 */
public record Slow(SlowConfig config) {
    /** Standard deviation that the classifier's weight starts with (PySlowFast: MODEL.FC_INIT_STD). */
    private static final double CLASSIFIER_STD = 0.01;

    /** The last stage's map [N, T', H', W', C] of clips [N, T, H, W, 3], normalised floats. */
    public Value map(Pass pass, Value clips) {
        List<Value> stages = stages(pass, clips);
        return stages.get(stages.size() - 1);
    }

    /** Outputs of the stem (after its pool) and of each stage, [N, T, H, W, C]. */
    public List<Value> stages(Pass pass, Value clips) {
        List<Value> outputs = new ArrayList<>();
        Value x;
        try (Graph.Scope scope = pass.graph().scope("s1")) {
            x = stem(pass, clips);
        }
        outputs.add(x);
        for (int s = 0; s < config.stages().size(); s++) {
            for (int b = 0; b < config.stages().get(s).blocks(); b++) {
                String name = "pathway0_res" + b;
                try (Graph.Scope scope = pass.graph().scope("s" + (s + 2) + "/" + name)) {
                    x = bottleneck(pass.at("s" + (s + 2) + "." + name), x, s, b);
                }
            }
            outputs.add(x);
            if (s == 0 && !config.res2Pool().equals(Extent.ONE)) {
                x = MaxPool3d.of(x, config.res2Pool(), config.res2Pool(), Extent.ZERO);
            }
        }
        return outputs;
    }

    private Value stem(Pass pass, Value clips) {
        SlowConfig.Stem stem = config.stem();
        Pass here = pass.at("s1.pathway0_stem");
        Value x = Conv3d.same(config.width(), stem.kernel(), stem.stride()).apply(here.at("conv"), clips);
        x = Relu.of(config.norm().apply(here.at("bn"), x));
        return MaxPool3d.of(x, stem.pool().kernel(), stem.pool().stride(), stem.pool().padding());
    }

    /** Convolutions a (Tx1x1), b (1x3x3, with the stride) and c (1x1x1), batch norm after each, ReLU after the sum with the shortcut. */
    private Value bottleneck(Pass pass, Value x, int s, int b) {
        SlowConfig.Stage stage = config.stages().get(s);
        int inner = config.innerWidth(s);
        int stride = b == 0 ? stage.spatialStride() : 1;
        Extent strides = new Extent(1, stride, stride);
        Value shortcut = x;
        if (stride != 1 || x.shape().last() != 4 * inner) {
            shortcut = convolution(pass, "branch1", Conv3d.same(4 * inner, Extent.ONE, strides), config.norm(), x);
        }
        BatchNorm last = config.zeroInitFinalNorm() ? config.norm().zeroed() : config.norm();
        Extent temporal = new Extent(stage.temporalKernel(), 1, 1);
        Value y = Relu.of(convolution(pass, "branch2.a", Conv3d.same(inner, temporal, Extent.ONE), config.norm(), x));
        y = Relu.of(convolution(pass, "branch2.b", Conv3d.same(inner, new Extent(1, 3, 3), strides), config.norm(), y));
        y = convolution(pass, "branch2.c", Conv3d.same(4 * inner, Extent.ONE, Extent.ONE), last, y);
        return Relu.of(Add.of(y, shortcut));
    }

    private static Value convolution(Pass pass, String name, Conv3d convolution, BatchNorm norm, Value x) {
        return norm.apply(pass.at(name + "_bn"), convolution.apply(pass.at(name), x));
    }

    /** The pooled feature [N, C] of clips [N, T, H, W, 3]: the mean of the last map over time and space. */
    public Value feature(Pass pass, Value clips) {
        return GlobalAveragePool3d.of(map(pass, clips));
    }

    /** What the classifier sees of the last map: one feature per position of the head's pool, [N, T', H', W', C]. */
    public Value positions(Value map) {
        if (config.head().pool() == SlowConfig.Pool.GLOBAL) {
            return Reshape.of(GlobalAveragePool3d.of(map), Shape.of(map.shape().dim(0), 1, 1, 1, map.shape().last()));
        }
        return AveragePool3d.of(map, config.cropMap(), Extent.ONE, Extent.ZERO);
    }

    /** Class scores before softmax at each of the {@linkplain #positions positions}: [N, T', H', W', classes]. */
    public Value logits(Pass pass, Value positions) {
        SlowConfig.Head head = config.head();
        return Linear.normal(config.featureWidth(), head.classes(), CLASSIFIER_STD)
            .apply(pass.at("head.projection"), pass.dropout(positions, head.dropout()));
    }

    /** Class probabilities [N, classes]: softmax at each position, then the mean over positions (PySlowFast's head in evaluation). */
    public static Value probabilities(Value logits) {
        return Reduce.mean(Softmax.of(logits), 1, 2, 3);
    }
}
