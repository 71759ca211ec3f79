package dev.kinema.checkpoint;

import dev.kinema.checkpoint.PickleWriter.Call;
import dev.kinema.checkpoint.PickleWriter.Global;
import dev.kinema.checkpoint.PickleWriter.Python2Text;
import dev.kinema.checkpoint.PickleWriter.Tuple;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** NumPy arrays in pickles, as Python 2 and Python 3 write them in protocol 2. */
final class CaffeFiles {
    private CaffeFiles() {}

    static Call numpyType(String code) {
        return numpyType(code, "<");
    }

    static Call numpyType(String code, String order) {
        return new Call(new Global("numpy", "dtype"), List.of(code, 0, 1),
                PickleWriter.tuple(3, order, null, null, null, -1, -1, 0));
    }

    /** Float array whose bytes are Python 2's str. */
    static Call python2Array(int[] sizes, float... values) {
        return array(sizes, numpyType("f4"), false, new Python2Text(CheckpointFiles.littleEndian(values)));
    }

    /** Float array whose bytes are text sent through latin1. */
    static Call python3Array(int[] sizes, float... values) {
        String text = new String(CheckpointFiles.littleEndian(values), StandardCharsets.ISO_8859_1);
        return array(sizes, numpyType("f4"), false, new Call(new Global("_codecs", "encode"), List.of(text, "latin1"), null));
    }

    static Call array(int[] sizes, Call type, boolean fortran, Object content) {
        List<Object> shape = new ArrayList<>();
        Arrays.stream(sizes).forEach(shape::add);
        return new Call(new Global("numpy.core.multiarray", "_reconstruct"),
                List.of(new Global("numpy", "ndarray"), PickleWriter.tuple(0), "b"),
                PickleWriter.tuple(1, new Tuple(shape), type, fortran, content));
    }
}
