package dev.kinema.benchmarks.peers;

import dev.kinema.bench.Peer;
import dev.kinema.bench.Subject;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.global.torch;

/**
 * DJL with its PyTorch engine, on a TorchScript file as its users have it, in fp32. Its libtorch is another one than that of JavaCPP, and a
 * process can hold one alone: it computes in a process of its own, which waits while others are timed and times its own runs.
 */
public final class DjlPeer implements Peer {
    @Override
    public List<Contender> enter(Subject subject, Precision precision, int threads) {
        // a mask goes there as floats, which the script compares with 0
        boolean floats = subject.graph().inputs().values().stream()
            .allMatch(input -> input.dtype() == DType.F32 || Masks.isMask(subject.graph(), input));
        if (precision != Precision.FP32 || !floats) {
            return List.of();
        }
        return saved(subject).<List<Contender>>map(file -> List.of(new Worker(subject, file, threads))).orElse(List.of());
    }

    private static Optional<Path> saved(Subject subject) {
        try (PointerScope building = new PointerScope()) {
            Optional<JitModule> module = TorchScript.of(subject, torch.ScalarType.Float);
            if (module.isEmpty()) {
                return Optional.empty();
            }
            Path file = Files.createTempFile("kinema-bench", ".pt");
            module.get().save(file.toString());
            return Optional.of(file);
        } catch (IOException e) {
            throw new UncheckedIOException("no model can be written to the folder for temporary files: make room there", e);
        }
    }

    @Override
    public void close() {}

    /** The other process, with its model and inputs. */
    private static final class Worker implements Contender {
        private final DjlPipe pipe;
        private final Path file;
        private final Map.Entry<String, Value> output;

        Worker(Subject subject, Path file, int threads) {
            this.file = file;
            output = subject.graph().outputs().entrySet().iterator().next();
            pipe = new DjlPipe(file, threads);
            Map<String, HostArray> inputs = subject.inputs();
            pipe.start(inputs.values().stream().map(HostArray::shape).map(VideoLayout::channelsFirst).toList(),
                inputs.values().stream().map(Worker::numbers).toList());
        }

        private static float[] numbers(HostArray array) {
            return VideoLayout.channelsFirst(array.toFloats(), array.shape());
        }

        @Override
        public String name() {
            return pipe.name();
        }

        @Override
        public void run() {
            pipe.run();
        }

        @Override
        public double seconds() {
            return pipe.run();
        }

        @Override
        public Map<String, float[]> outputs() {
            Shape shape = output.getValue().shape();
            return Map.of(output.getKey(), VideoLayout.channelsLast(pipe.result(), shape));
        }

        @Override
        public void close() {
            pipe.close();
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw new UncheckedIOException(file + " cannot be deleted: delete it", e);
            }
        }
    }
}
