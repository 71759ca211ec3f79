package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.device.cpu.CpuDevice;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which rows there are: in which precisions, and beside which engines where a run changes variables. */
class BenchRowsTest {
    private static final BenchRun.Progress NOBODY = new BenchRun.Progress() {
        @Override
        public void row(BenchResult.Row row) {}

        @Override
        public void failed(String what, RuntimeException e) {}

        @Override
        public void keep(BenchResult soFar) {}
    };

    private static BenchResult time(List<Precision> precisions, List<Peer> peers, String... names) {
        try (Device device = Device.open("cpu", 1)) {
            return new BenchRun(device, 1, precisions, Size.SMALLEST, 1, 1, 1, peers).time(Stream.of(names).map(Suites::named).toList(), NOBODY);
        }
    }

    /** The reference device, after some optimizer steps. */
    private record Stepping(int steps) implements Peer {
        @Override
        public List<Contender> enter(Subject subject, Precision precision, int threads) {
            return List.of(new Contender() {
                private final Device device = Device.open("reference");
                private final Weights weights = device.newWeights();
                private final Program program = subject.compile(device, weights, Compilation.FP32);

                @Override
                public String name() {
                    return steps + " steps";
                }

                @Override
                public void run() {
                    for (int i = 0; i < steps; i++) {
                        program.run();
                    }
                }

                @Override
                public Map<String, float[]> outputs() {
                    return steps == 0 ? Map.of() : Map.of("weight", weights.get("weight").toFloats());
                }

                @Override
                public void close() {
                    program.close();
                    weights.close();
                    device.close();
                }
            });
        }

        @Override
        public void close() {}
    }

    /** Ours has run before it is asked what it computed, and changes its weights in each run. */
    @Test
    void whatARunChangesIsCheckedAfterOneRun() {
        BenchResult result = time(List.of(Precision.FP32), List.of(new Stepping(1), new Stepping(2), new Stepping(0)), "ops/optimizer-sgd");
        List<BenchResult.PeerRow> peers = result.rows().get(0).peers();
        assertEquals(List.of("1 steps"), peers.stream().map(BenchResult.PeerRow::name).toList());
        assertTrue(peers.get(0).error() < Distance.FP32_BOUND);
        Map<String, String> failed = result.failures().stream().collect(Collectors.toMap(BenchResult.Failure::engine, BenchResult.Failure::why));
        String off = failed.get("2 steps");
        assertTrue(off.startsWith("2 steps on ops/optimizer-sgd in FP32, output weight, is off by"), off);
        String nothing = failed.get("0 steps");
        assertTrue(nothing.contains("gives nothing to be checked"), nothing);
    }

    @Test
    void whatIsNoCaseInAPrecisionHasNoRow() {
        assumeTrue(CpuDevice.hasBf16(), "a processor without bf16");
        BenchResult result = time(List.of(Precision.FP32, Precision.BF16), List.of(), "ops/layer-norm", "call/one-kernel");
        assertEquals(List.of("ops/layer-norm fp32", "call/one-kernel fp32", "call/one-kernel bf16"),
            result.rows().stream().map(BenchResult.Row::key).toList());
        assertEquals(List.of(), result.failures());
    }
}
