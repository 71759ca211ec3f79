package dev.kinema.benchmarks.peers;

import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;

/** The process in which DJL computes: reads its inputs from standard input, and answers each request on standard output. */
public final class DjlWorker {
    /** Compute once and tell the seconds. */
    static final int RUN = 'r';
    /** Send the output of the last run. */
    static final int RESULT = 'o';

    private DjlWorker() {}

    /** @param args the TorchScript file */
    public static void main(String... args) throws IOException, ModelNotFoundException, MalformedModelException, TranslateException {
        DataInputStream from = new DataInputStream(new BufferedInputStream(System.in));
        DataOutputStream to = new DataOutputStream(new BufferedOutputStream(System.out));
        Criteria<NDList, NDList> criteria = Criteria.builder().setTypes(NDList.class, NDList.class).optEngine("PyTorch")
            .optModelPath(Path.of(args[0])).optTranslator(new NoopTranslator()).build();
        try (ZooModel<NDList, NDList> model = criteria.loadModel(); Predictor<NDList, NDList> predictor = model.newPredictor();
                NDManager manager = NDManager.newBaseManager("PyTorch")) {
            NDList inputs = inputs(manager, from);
            to.writeUTF(Engine.getDjlVersion() + ", libtorch " + Engine.getEngine("PyTorch").getVersion());
            to.flush();
            serve(predictor, inputs, from, to);
        }
    }

    private static NDList inputs(NDManager manager, DataInputStream from) throws IOException {
        NDList inputs = new NDList();
        int count = from.readInt();
        for (int i = 0; i < count; i++) {
            long[] dims = new long[from.readInt()];
            for (int d = 0; d < dims.length; d++) {
                dims[d] = from.readLong();
            }
            inputs.add(manager.create(FloatBuffer.wrap(DjlPipe.read(from)), new Shape(dims)));
        }
        return inputs;
    }

    /** Until the other side closes the stream. */
    private static void serve(Predictor<NDList, NDList> predictor, NDList inputs, DataInputStream from, DataOutputStream to)
            throws IOException, TranslateException {
        NDList result = new NDList();
        for (int request = from.read(); request >= 0; request = from.read()) {
            if (request == RUN) {
                result.close();
                long begun = System.nanoTime();
                result = predictor.predict(inputs);
                to.writeDouble((System.nanoTime() - begun) * 1e-9);
            } else {
                DjlPipe.write(to, result.singletonOrThrow().toFloatArray());
            }
            to.flush();
        }
        result.close();
    }
}
