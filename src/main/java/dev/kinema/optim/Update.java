package dev.kinema.optim;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Op;
import java.util.List;

/**
 * What a rule needs to update one parameter.
 *
 * @param rate learning rate []
 * @param step int64 [1], 1 at the first update
 * @param group the rules for this parameter
 */
record Update(Value parameter, Value gradient, Value rate, Value step, ParameterGroup group) {

    /** A buffer of the parameter's shape that starts at 0, named {@code optimizer.PARAMETER.kind}. */
    Value buffer(String kind) {
        String name = Optimizer.PREFIX + Graph.variableOf(parameter) + "." + kind;
        return parameter.graph().state(name, DType.F32, parameter.shape(), Initializer.ZEROS);
    }

    /** Appends a step of the SGD family, which has a buffer and reads the step only with momentum. */
    Value descend(Op op, double momentum) {
        List<Value> in = momentum == 0 ? List.of(parameter, gradient, rate)
            : List.of(parameter, gradient, rate, buffer("momentum"), step);
        return parameter.graph().append(op, in).output(0);
    }
}
