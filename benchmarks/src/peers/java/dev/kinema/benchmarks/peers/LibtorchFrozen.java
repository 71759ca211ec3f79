package dev.kinema.benchmarks.peers;

import dev.kinema.bench.Peer;
import dev.kinema.bench.Subject;
import dev.kinema.device.Precision;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A graph as TorchScript, frozen and optimized for inference: batch norms folded, convolutions in oneDNN's layouts. */
final class LibtorchFrozen implements Peer.Contender {
    private final PointerScope scope;
    private final JitModule module;
    private final IValueVector inputs = new IValueVector();
    private final Map.Entry<String, Value> output;
    private Tensor result;

    private LibtorchFrozen(Subject subject, PointerScope scope, JitModule module, torch.ScalarType type) {
        this.scope = scope;
        this.module = torch.optimize_for_inference(torch.freeze(module));
        output = subject.graph().outputs().entrySet().iterator().next();
        subject.inputs().forEach((name, array) -> {
            Shape shape = array.shape();
            Tensor plain = Tensor.create(VideoLayout.channelsFirst(array.toFloats(), shape), VideoLayout.channelsFirst(shape)).to(type);
            torch.MemoryFormat format = VideoLayout.isVideo(shape) ? torch.MemoryFormat.ChannelsLast3d : torch.MemoryFormat.Contiguous;
            inputs.push_back(new IValue(plain.contiguous(format).clone()));
        });
    }

    /** Empty where TorchScript is not given the graph. */
    static Optional<Peer.Contender> of(Subject subject, Precision precision) {
        torch.ScalarType type = precision == Precision.BF16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float;
        try (PointerScope building = new PointerScope(); NoGradGuard guard = new NoGradGuard()) {
            return TorchScript.of(subject, type).map(module -> new LibtorchFrozen(subject, building.extend(), module, type));
        }
    }

    @Override
    public String name() {
        return LibtorchGraph.version() + " TorchScript, frozen";
    }

    @Override
    public void run() {
        if (result != null) {
            result.close();
        }
        try (PointerScope temporaries = new PointerScope(); NoGradGuard guard = new NoGradGuard()) {
            result = new Tensor(module.forward(inputs).toTensor());
            result.retainReference(); // outlives the scope
        }
    }

    @Override
    public Map<String, float[]> outputs() {
        try (PointerScope temporaries = new PointerScope()) {
            Tensor plain = result.to(torch.ScalarType.Float).contiguous();
            float[] values = new float[(int) plain.numel()];
            new FloatPointer(plain.data_ptr()).get(values);
            return Map.of(output.getKey(), VideoLayout.channelsLast(values, output.getValue().shape()));
        }
    }

    @Override
    public void close() {
        if (result != null) {
            result.close();
        }
        scope.close();
    }
}
