package dev.kinema.benchmarks.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.kinema.KinemaException;
import dev.kinema.bench.Peer;
import dev.kinema.bench.Subject;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.graph.DType;
import dev.kinema.graph.Value;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** ONNX Runtime on the processor, in fp32, all its optimizations on; it has no bf16 convolutions. */
public final class OnnxRuntimePeer implements Peer {
    @Override
    public List<Contender> enter(Subject subject, Precision precision, int threads) {
        boolean floats = subject.graph().inputs().values().stream()
            .allMatch(input -> input.dtype() == DType.F32 || Masks.isMask(subject.graph(), input));
        if (precision != Precision.FP32 || !floats) {
            return List.of();
        }
        return OnnxModel.of(subject).<List<Contender>>map(model -> List.of(new Session(subject, model, threads))).orElse(List.of());
    }

    @Override
    public void close() {}

    /** A model that is loaded, with its inputs. */
    private static final class Session implements Contender {
        private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
        private final Subject subject;
        private final OrtSession session;
        private final Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        private OrtSession.Result result;

        Session(Subject subject, byte[] model, int threads) {
            this.subject = subject;
            try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
                options.setIntraOpNumThreads(threads);
                options.setInterOpNumThreads(1);
                options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
                session = environment.createSession(model, options);
                for (Map.Entry<String, HostArray> input : subject.inputs().entrySet()) {
                    Value value = subject.graph().inputs().get(input.getKey());
                    long[] shape = VideoLayout.channelsFirst(value.shape());
                    inputs.put(OnnxModel.name(value), value.dtype() == DType.U8
                        ? OnnxTensor.createTensor(environment, attended(input.getValue()), shape)
                        : OnnxTensor.createTensor(environment,
                            direct(VideoLayout.channelsFirst(input.getValue().toFloats(), value.shape())), shape));
                }
            } catch (OrtException e) {
                throw failed(e);
            }
        }

        /** In native memory, which the engine reads without copying. */
        private static FloatBuffer direct(float[] values) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(values.length * DType.F32.bytes()).order(ByteOrder.nativeOrder());
            return bytes.asFloatBuffer().put(values).flip();
        }

        /** 1 where a mask is 0. */
        private static IntBuffer attended(HostArray mask) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(mask.elements() * Integer.BYTES).order(ByteOrder.nativeOrder());
            for (long hidden : mask.toLongs()) {
                bytes.putInt((int) (1 - hidden));
            }
            return bytes.flip().asIntBuffer();
        }

        private static KinemaException failed(OrtException e) {
            return new KinemaException("ONNX Runtime: " + e.getMessage() + ": leave it off the class path to go without it", e);
        }

        @Override
        public String name() {
            return "ONNX Runtime " + environment.getVersion();
        }

        @Override
        public void run() {
            if (result != null) {
                result.close();
            }
            try {
                result = session.run(inputs);
            } catch (OrtException e) {
                throw failed(e);
            }
        }

        @Override
        public Map<String, float[]> outputs() {
            Map<String, float[]> outputs = new LinkedHashMap<>();
            subject.graph().outputs().forEach((name, value) -> {
                OnnxTensor tensor = (OnnxTensor) result.get(OnnxModel.name(value)).orElseThrow();
                float[] values = new float[(int) value.shape().elements()];
                tensor.getFloatBuffer().get(values);
                outputs.put(name, VideoLayout.channelsLast(values, value.shape()));
            });
            return outputs;
        }

        @Override
        public void close() {
            try {
                if (result != null) {
                    result.close();
                }
                inputs.values().forEach(OnnxTensor::close);
                session.close();
            } catch (OrtException e) {
                throw failed(e);
            }
        }
    }
}
