package dev.kinema.checkpoint;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import java.util.List;

/** A numpy.dtype while it is unpickled: a code such as "f4", then a state that holds the byte order. */
final class NumpyType {
    private final PickleInput in;
    private final String code;
    private String order;

    NumpyType(PickleInput in, Object code) {
        if (!(code instanceof String text) || text.length() < 2 || text.length() > 16) {
            throw in.damaged("has an array type that is no code such as f4");
        }
        this.in = in;
        boolean ordered = "<>|=".indexOf(text.charAt(0)) >= 0;
        this.order = ordered ? text.substring(0, 1) : "<";
        this.code = ordered ? text.substring(1) : text;
    }

    /** The tuple (version, byte order, ...) of dtype.__setstate__. */
    void setState(List<?> state) {
        if (state.size() < 2 || !(state.get(1) instanceof String text) || text.length() != 1) {
            throw in.damaged("has an array type without a byte order");
        }
        order = text;
    }

    /**
     * The element type.
     *
     * @throws KinemaException if it is big endian, or not a number of a kind known here
     */
    DType dtype() {
        DType dtype = NpyHeader.dtype(code);
        if (dtype == null || order.equals(">")) {
            throw in.file().refused("has an array of the type " + Quoted.of(order + code)
                    + ", read are f8 f4 f2 i8 i4 i2 i1 u1 b1 in little endian: convert it before saving");
        }
        return dtype;
    }
}
