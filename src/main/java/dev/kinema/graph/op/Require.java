package dev.kinema.graph.op;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** The checks that shape rules are made of; every message names the operation and the offending types. */
final class Require {
    private Require() {}

    static void inputs(Op op, List<Type> in, int count) {
        that(op, in.size() == count, "takes " + count + " inputs, got " + in.size());
    }

    static void that(Op op, boolean condition, String otherwise) {
        if (!condition) {
            throw new KinemaException(op.opName() + ": " + otherwise);
        }
    }

    static void rank(Op op, String what, Type type, int rank) {
        that(op, type.shape().rank() == rank, what + " must have " + rank + " axes, got " + type);
    }

    static void minRank(Op op, String what, Type type, int rank) {
        that(op, type.shape().rank() >= rank, what + " must have at least " + rank + " axes, got " + type);
    }

    static void shape(Op op, String what, Type type, Shape expected) {
        that(op, type.shape().equals(expected), what + " must have shape " + expected + ", got " + type);
    }

    static void dtype(Op op, String what, Type type, DType expected) {
        that(op, type.dtype() == expected, what + " must be " + expected + ", got " + type);
    }

    static void floats(Op op, List<Type> in) {
        for (int i = 0; i < in.size(); i++) {
            dtype(op, "input " + i, in.get(i), DType.F32);
        }
    }

    static void suffix(Op op, Type inner, Type outer) {
        that(op, inner.shape().isSuffixOf(outer.shape()),
            "the second operand must have the shape of the first or of its last axes: " + outer + " and " + inner);
    }

    static int axis(Op op, Type type, int axis) {
        that(op, axis >= 0 && axis < type.shape().rank(), "axis " + axis + " is not one of " + type);
        return axis;
    }
}
