package dev.kinema.checkpoint;

import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import java.util.List;

/** A numpy.ndarray while it is unpickled: made empty, then given its state. */
final class NumpyArray implements StoredTensor {
    private final PickleInput in;
    private StridedTensor content;

    NumpyArray(PickleInput in) {
        this.in = in;
    }

    /** The tuple ([version,] shape, type, is in Fortran order, bytes) of ndarray.__setstate__. */
    void setState(List<?> state) {
        int first = state.size() - 4;
        if (content != null || first < 0 || first > 1 || !(state.get(first + 1) instanceof NumpyType type)
                || !(state.get(first + 2) instanceof Boolean fortran)) {
            throw in.damaged("has an array whose state is not (shape, type, order, bytes)");
        }
        DType dtype = type.dtype();
        List<Long> sizes = PickleGlobals.sizes(in, state.get(first));
        Bytes bytes = PickleGlobals.content(in, state.get(first + 3));
        StridedTensor array =
                new StridedTensor(in.file(), bytes, dtype, 0, sizes, StridedTensor.contiguousStrides(sizes, fortran));
        if (ArrayLimits.bytes(dtype, array.shape()) != bytes.length()) {
            throw in.damaged("has an array " + dtype + " " + array.shape() + " of " + bytes.length() + " bytes");
        }
        content = array;
    }

    private StridedTensor content() {
        if (content == null) {
            throw in.damaged("has an array that was never filled,");
        }
        return content;
    }

    @Override
    public DType dtype() {
        return content().dtype();
    }

    @Override
    public Shape shape() {
        return content().shape();
    }

    @Override
    public HostArray read() {
        return content().read();
    }
}
