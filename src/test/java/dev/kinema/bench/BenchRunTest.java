package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Ours beside another engine, which is the reference device here. */
class BenchRunTest {
    /** @param wrong whether it adds something to what it computes */
    private record Other(boolean wrong, List<String> closed) implements Peer {
        @Override
        public List<Contender> enter(Subject subject, Precision precision, int threads) {
            Device device = Device.open("reference");
            Weights weights = device.newWeights();
            Program program = subject.compile(device, weights, Compilation.FP32);
            return List.of(new Contender() {
                @Override
                public String name() {
                    return "reference";
                }

                @Override
                public void run() {
                    program.run();
                }

                @Override
                public Map<String, float[]> outputs() {
                    float[] y = program.output("y").toFloats();
                    y[0] += wrong ? 1 : 0;
                    return Map.of("y", y);
                }

                @Override
                public void close() {
                    program.close();
                    weights.close();
                    device.close();
                    closed.add("reference");
                }
            });
        }

        @Override
        public void close() {}
    }

    private static final Peer NOBODY = new Peer() {
        @Override
        public List<Contender> enter(Subject subject, Precision precision, int threads) {
            return List.of();
        }

        @Override
        public void close() {}
    };

    private final Map<String, String> failed = new TreeMap<>();

    private BenchResult time(Peer peer, String... names) {
        try (Device device = Device.open("cpu", 1)) {
            List<Case> cases = List.of(names).stream().map(Suites::named).toList();
            return new BenchRun(device, 1, List.of(Precision.FP32), Size.SMALLEST, 1, 1, 1, List.of(peer)).time(cases, row -> {},
                (name, e) -> failed.put(name, e.getMessage()));
        }
    }

    @Test
    void aPeerHasItsRowAndIsClosed() {
        List<String> closed = new ArrayList<>();
        BenchResult result = time(new Other(false, closed), "call/one-kernel", "metrics/cider");
        BenchResult.Row row = result.rows().get(0);
        BenchResult.PeerRow peer = row.peers().get(0);
        assertEquals("reference", peer.name());
        assertEquals(peer.samples().median() / row.samples().median(), peer.ratio(), 1e-9 * peer.ratio(), "one round");
        assertTrue(peer.error() < Distance.FP32_BOUND);
        assertEquals(peer, row.fastestPeer().orElseThrow());
        assertEquals(List.of(), result.rows().get(1).peers(), "nothing to be given to another engine");
        assertEquals(List.of("reference"), closed);
        assertEquals(Map.of(), failed);
    }

    @Test
    void aPeerThatComputesSomethingElseIsNotTimed() {
        List<String> closed = new ArrayList<>();
        List<BenchResult.Row> rows = time(new Other(true, closed), "call/one-kernel", "metrics/cider").rows();
        assertEquals(List.of("call/one-kernel", "metrics/cider"), rows.stream().map(BenchResult.Row::name).toList(), "ours are");
        assertEquals(List.of(), rows.get(0).peers());
        assertEquals(Set.of("reference beside call/one-kernel in FP32"), failed.keySet());
        String message = failed.get("reference beside call/one-kernel in FP32");
        assertTrue(message.startsWith("reference on call/one-kernel in FP32, output y, is off by"), message);
        assertEquals(List.of("reference"), closed);
    }

    /** The kernels of a convolution alone, not the reorders around them; counts and rates are those of its program. */
    @Test
    void kernelsHaveTheirWork() {
        BenchResult.Row row = time(NOBODY, "conv/to-weight-1x3x3-64to64-at8x56x56").rows().get(0);
        assertEquals(2L * 4 * 3 * 3 * 16 * 16 * 9, row.work().flops(), "[1, 4, 3, 3, 16] and [16, 16, 1, 3, 3]");
        assertTrue(row.work().bytes() > 0 && row.work().leastSeconds() > 0);
        assertTrue(row.counts().steps() >= 1);
    }
}
