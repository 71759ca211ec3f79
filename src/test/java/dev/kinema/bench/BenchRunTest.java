package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Ours beside another engine, which is the reference device here. */
class BenchRunTest {
    /**
     * @param wrong whether it adds something to what it computes
     * @param thrown as it is timed; null for nothing
     */
    private record Other(String name, boolean wrong, RuntimeException thrown, List<String> closed) implements Peer {
        Other(boolean wrong, List<String> closed) {
            this("reference", wrong, null, closed);
        }

        @Override
        public List<Contender> enter(Subject subject, Precision precision, int threads) {
            Device device = Device.open("reference");
            Weights weights = device.newWeights();
            Program program = subject.compile(device, weights, Compilation.FP32);
            return List.of(new Contender() {
                @Override
                public String name() {
                    return name;
                }

                @Override
                public void run() {
                    program.run();
                }

                @Override
                public double seconds() {
                    if (thrown != null) {
                        throw thrown;
                    }
                    return Contender.super.seconds();
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
                    closed.add(name);
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
    private final List<BenchResult> kept = new ArrayList<>();

    private final BenchRun.Progress progress = new BenchRun.Progress() {
        @Override
        public void row(BenchResult.Row row) {}

        @Override
        public void failed(String what, RuntimeException e) {
            failed.put(what, e.getMessage());
        }

        @Override
        public void keep(BenchResult soFar) {
            kept.add(soFar);
        }
    };

    private BenchResult time(Peer peer, String... names) {
        return time(peer, null, names);
    }

    private BenchResult time(Peer peer, BenchResult earlier, String... names) {
        return time(List.of(peer), earlier, List.of(names).stream().map(Suites::named).toList());
    }

    private BenchResult time(List<Peer> peers, BenchResult earlier, List<Case> cases) {
        try (Device device = Device.open("cpu", 1)) {
            return new BenchRun(device, 1, List.of(Precision.FP32), Size.SMALLEST, 1, 1, 1, peers).time(cases, earlier, progress);
        }
    }

    /** Engines that were right as they were checked, and throw as they are timed: one of our exceptions, and one that is nobody's. */
    @Test
    void peersThatThrowAsTheyAreTimedAreLeftOut() {
        List<String> closed = new ArrayList<>();
        List<Peer> peers = List.of(new Other("refuses", false, new KinemaException("it refuses"), closed),
            new Other("steady", false, null, closed), new Other("breaks", false, new IllegalStateException(), closed));
        BenchResult result = time(peers, null, List.of(Suites.named("call/one-kernel"), Suites.named("metrics/cider")));
        assertEquals(List.of("call/one-kernel fp32", "metrics/cider"), result.rows().stream().map(BenchResult.Row::key).toList());
        BenchResult.Row row = result.rows().get(0);
        assertEquals(List.of("steady"), row.peers().stream().map(BenchResult.PeerRow::name).toList());
        BenchResult.PeerRow steady = row.peers().get(0);
        assertEquals(steady.samples().median() / row.samples().median(), steady.ratio(), 1e-9 * steady.ratio(), "of samples taken again");
        assertEquals(Set.of(new BenchResult.Failure("call/one-kernel fp32", "refuses", "it refuses"),
            new BenchResult.Failure("call/one-kernel fp32", "breaks", "java.lang.IllegalStateException")), Set.copyOf(result.failures()));
        assertEquals(List.of("breaks", "refuses", "steady"), closed.stream().sorted().toList(), "each once");
    }

    /**
     * Ours, which throws.
     *
     * @param runs before it does
     * @param shared whether other engines may compute it too
     */
    private record Breaking(int runs, boolean shared) implements Case {
        @Override
        public String suite() {
            return "call";
        }

        @Override
        public String name() {
            return "breaking";
        }

        @Override
        public Workload open(Setting setting) {
            Workload chain = Suites.named("call/one-kernel").open(setting);
            int[] left = {runs};
            return new Workload() {
                @Override
                public void run() {
                    if (left[0]-- == 0) {
                        throw new IllegalStateException("a bug");
                    }
                    chain.run();
                }

                @Override
                public double error() {
                    return 0;
                }

                @Override
                public HostArray output(String name) {
                    return chain.output(name);
                }

                @Override
                public Optional<Subject> subject() {
                    return shared ? chain.subject() : Optional.empty();
                }

                @Override
                public void close() {
                    chain.close();
                }
            };
        }
    }

    /** As it is timed, alone and beside another, and as another engine is held against it. */
    @Test
    void whatOursThrowsIsNoEnginesFault() {
        for (Breaking breaking : List.of(new Breaking(0, false), new Breaking(1, true), new Breaking(0, true))) {
            List<String> closed = new ArrayList<>();
            failed.clear();
            BenchResult result = time(List.of(new Other(false, closed)), null, List.of(breaking, Suites.named("call/one-kernel")));
            assertEquals(List.of("call/one-kernel fp32"), result.rows().stream().map(BenchResult.Row::key).toList(), "the run goes on");
            assertEquals(Set.of("call/breaking fp32"), failed.keySet(), breaking.toString());
            assertTrue(result.failures().get(0).isOurs() && result.failures().get(0).why().contains("a bug"), failed.toString());
            assertEquals(breaking.runs + 1, closed.size(), "what was opened beside " + breaking + ", and beside the other case");
        }
    }

    @Test
    void anEngineThatCannotTellHowItTrainsCostsItsRowAlone() {
        Peer peer = new Peer() {
            @Override
            public List<Contender> enter(Subject subject, Precision precision, int threads) {
                return List.of();
            }

            @Override
            public List<Trainer> trainers(TrainingStep step, Precision precision, int threads) {
                throw new IllegalStateException("no library");
            }

            @Override
            public void close() {}
        };
        BenchResult result = time(peer, "programs/step-txe-masks");
        assertEquals(List.of("programs/step-txe-masks fp32"), result.rows().stream().map(BenchResult.Row::key).toList());
        assertEquals(List.of("no library"), result.failures().stream().map(BenchResult.Failure::why).toList());
        assertTrue(!result.failures().get(0).isOurs());
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
        assertEquals(Set.of("reference beside call/one-kernel fp32"), failed.keySet());
        String message = failed.get("reference beside call/one-kernel fp32");
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

    /** Steps of another engine, with a loss of their own, or that throw. */
    private record Training(String name, double off, boolean fails, List<String> closed) implements Peer.Contender {
        @Override
        public void run() {
            if (fails) {
                throw new UnsupportedOperationException("this engine has no such step");
            }
        }

        @Override
        public Map<String, float[]> outputs() {
            return Map.of(TrainingStep.LOSS, new float[] {(float) off});
        }

        @Override
        public void close() {
            closed.add(name);
        }
    }

    @Test
    void anEngineThatTrainsOtherwiseCostsItsRowAlone() {
        List<String> closed = new ArrayList<>();
        Peer trainers = new Peer() {
            @Override
            public List<Contender> enter(Subject subject, Precision precision, int threads) {
                throw new AssertionError("a step is no graph to be computed");
            }

            @Override
            public List<Trainer> trainers(TrainingStep step, Precision precision, int threads) {
                return List.of(new Trainer("off", sized -> new Training("off", 1e9, false, closed)),
                    new Trainer("throws", sized -> new Training("throws", 0, true, closed)));
            }

            @Override
            public void close() {}
        };
        BenchResult result = time(trainers, "programs/step-txe-masks");
        assertEquals(List.of("programs/step-txe-masks fp32"), result.rows().stream().map(BenchResult.Row::key).toList(), "ours is timed");
        assertEquals(List.of(), result.rows().get(0).peers());
        assertEquals(List.of("off", "throws"), result.failures().stream().map(BenchResult.Failure::engine).toList());
        assertTrue(result.failures().get(0).why().startsWith("off on programs/step-txe-masks in FP32, loss, is off by"),
            result.failures().get(0).why());
        assertEquals("this engine has no such step", failed.get("throws beside programs/step-txe-masks fp32"));
        assertEquals(List.of("off", "throws"), closed);
    }

    @Test
    void aCaseThatFailsIsRecorded() {
        Case wrong = new Case() {
            @Override
            public String suite() {
                return "call";
            }

            @Override
            public String name() {
                return "wrong";
            }

            @Override
            public Workload open(Setting setting) {
                throw new KinemaException("it computes something else");
            }
        };
        try (Device device = Device.open("cpu", 1)) {
            BenchResult result = new BenchRun(device, 1, List.of(Precision.FP32), Size.SMALLEST, 1, 1, 1, List.of()).time(List.of(wrong), progress);
            assertEquals(List.of(new BenchResult.Failure("call/wrong fp32", null, "it computes something else")), result.failures());
            assertEquals("it computes something else", failed.get("call/wrong fp32"));
        }
    }

    /** As if the process had ended at the second of three cases, twice. */
    @Test
    void aRunGoesOnWhereItEnded() {
        String[] names = {"call/one-kernel", "call/100-kernels", "metrics/cider"};
        List<String> closed = new ArrayList<>();
        BenchResult whole = time(new Other(false, closed), names);
        assertEquals(null, whole.unfinished());
        assertEquals(List.of("call/one-kernel fp32", "call/100-kernels fp32", "metrics/cider"), kept.stream().map(BenchResult::unfinished).toList());
        BenchResult ended = kept.get(1);
        assertEquals(whole.rows().subList(0, 1), ended.rows());
        kept.clear();
        closed.clear();
        BenchResult gone = time(new Other(false, closed), ended, names);
        assertEquals(whole.rows().get(0), gone.rows().get(0), "not timed again");
        assertEquals(List.of("call/one-kernel fp32", "call/100-kernels fp32", "metrics/cider"),
            gone.rows().stream().map(BenchResult.Row::key).toList());
        assertEquals(List.of(), gone.rows().get(1).peers());
        assertEquals(List.of(), closed, "nobody beside the case at which it ended");
        assertEquals(List.of(new BenchResult.Failure("call/100-kernels fp32", BenchDraft.OTHERS, "the process ended while it was timed beside them")),
            gone.failures());
        assertEquals(whole.rooflines(), gone.rooflines(), "what shares are of");
        BenchResult again = time(new Other(false, closed), kept.get(0), names);
        assertEquals(List.of("call/one-kernel fp32", "metrics/cider"), again.rows().stream().map(BenchResult.Row::key).toList());
        assertEquals(new BenchResult.Failure("call/100-kernels fp32", null, "the process ended while it was timed"), again.failures().get(1));
        BenchResult.Machine m = whole.machine();
        BenchResult elsewhere = new BenchResult(new BenchResult.Machine(m.kinema(), "another", m.processors(), m.system(), m.java(), m.device(),
            m.threads(), m.batch(), m.variables(), m.date()), whole.size(), whole.rounds(), whole.rooflines(), 0, 0, List.of(), List.of(), "x");
        assertThrows(KinemaException.class, () -> time(NOBODY, elsewhere, names));
        BenchResult kept = new BenchResult(new BenchResult.Machine(m.kinema(), m.cpu(), m.processors(), m.system(), m.java(), m.device(),
            m.threads(), m.batch(), Map.of("MALLOC_TOP_PAD_", "1"), m.date()), whole.size(), whole.rounds(), whole.rooflines(), 0, 0,
            List.of(), List.of(), "x");
        String message = assertThrows(KinemaException.class, () -> time(NOBODY, kept, names)).getMessage();
        assertTrue(message.contains("environment") && message.contains("{MALLOC_TOP_PAD_=1}"), message);
    }
}
