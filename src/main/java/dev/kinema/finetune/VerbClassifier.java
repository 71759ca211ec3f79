package dev.kinema.finetune;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.Relu;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;

/**
 * The network of verbs (VidSitu's toolkit, vidsitu_code/mdl_sf_base.py): the backbone's pooled feature through two layers that start as
 * PyTorch's do, without dropout. Variables {@code backbone.*} as in pretraining, and {@code verb.0.*}, {@code verb.2.*}.
 *
 * @param backbone what sees events
 * @param hidden width between the layers
 * @param verbs outputs
 */
record VerbClassifier(SlowConfig backbone, int hidden, int verbs) {
    /** The graph's input, u8 [N, T, S, S, 3]. */
    static final String FRAMES = "frames";
    /** What the names of the backbone's variables begin with. */
    static final String BACKBONE = "backbone.";

    /** Scores [events, verbs] of the pictures of some events, the graph's input. */
    Value logits(Pass pass, int events) {
        Value feature = new Slow(backbone).feature(pass.at("backbone"), clips(pass, events, backbone.clip()));
        Pass head = pass.at("verb");
        Value inner = Relu.of(Linear.of(backbone.featureWidth(), hidden).apply(head.at("0"), feature));
        return Linear.of(hidden, verbs).apply(head.at("2"), inner);
    }

    /** The input of some events, normalised: float32 [events, T, S, S, 3]. */
    static Value clips(Pass pass, int events, SlowConfig.Clip size) {
        Value frames = pass.graph().input(FRAMES, DType.U8, Shape.of(events, size.frames(), size.crop(), size.crop(), 3));
        return NormalizeFrames.of(frames, NormalizeFrames.KINETICS);
    }
}
