package dev.kinema.bench;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Roofline;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * Times cases on a device, beside other engines where there are such.
 *
 * @param precisions that cases of the device are computed in, each one that it has
 * @param attempts at each sample while other processes disturb it
 * @param peers are not closed
 */
public record BenchRun(Device device, int threads, List<Precision> precisions, Size size, int batch, int rounds, int attempts,
    List<Peer> peers) {
    /** At what the device reaches, a quarter of a second each; the best counts. */
    private static final int LOOKS = 2;
    /** At each, while others disturb it: on a machine that is never quiet a few seconds in all. */
    private static final int ATTEMPTS = 4;

    public BenchRun {
        if (rounds < 1) {
            throw new IllegalArgumentException(rounds + " rounds are no measurement");
        }
    }

    /** Who is told as it happens. */
    public interface Progress {
        /** A case was timed. */
        void row(BenchResult.Row row);

        /**
         * A case has no row, in a precision: its result was wrong, or the device has no rule for it. Or an engine is left out beside it,
         * since it failed, then or as it was timed, or its result is off ours.
         */
        void failed(String what, RuntimeException e);

        /** What would be left if the process ended now, before each case: {@link BenchResult#unfinished} names that case. */
        void keep(BenchResult soFar);
    }

    /** Measures what the device reaches at its best, then each case in each precision. */
    public BenchResult time(List<Case> cases, Progress progress) {
        return time(cases, null, progress);
    }

    /**
     * The same, but for what an earlier result has already.
     *
     * @param earlier of a process that ended before its end, on this machine; null to begin with nothing
     * @throws KinemaException if the earlier result is of another machine, environment, version, size or number of rounds
     */
    public BenchResult time(List<Case> cases, BenchResult earlier, Progress progress) {
        QuietClock clock = new QuietClock(size == Size.SMALLEST ? 1 : attempts);
        BenchDraft draft = new BenchDraft(this, clock, progress, earlier);
        if (cases.stream().anyMatch(Case::usesDevice)) {
            precisions.forEach(p -> draft.roofline(p, () -> limits(p)));
        }
        for (Case c : cases) {
            for (Precision precision : c.usesDevice() ? precisions : List.of(Precision.FP32)) {
                String key = BenchResult.key(c.fullName(), c.usesDevice() ? precision : null);
                if (!draft.has(key)) {
                    draft.begin(key);
                    Setting setting = new Setting(device, precision, size, batch, draft.roofline(precision));
                    try {
                        if (!c.usesDevice() || c.computesIn(setting)) {
                            draft.add(new Turn(c, setting, key, draft).row(clock));
                        }
                    } catch (KinemaException e) {
                        draft.fail(key, null, e);
                    }
                }
            }
        }
        return draft.result(null);
    }

    /**
     * What the device reaches in moments that others do not disturb: a copy takes 2 ms, and is half as fast while one of two processors
     * does something else, as Java's compiler does at the start.
     */
    private Roofline limits(Precision precision) {
        List<Roofline> taken = new ArrayList<>();
        boolean once = size == Size.SMALLEST;
        QuietClock clock = new QuietClock(once ? 1 : ATTEMPTS);
        for (int look = 0; look < (once ? 1 : LOOKS); look++) {
            clock.seconds(() -> {
                long begun = System.nanoTime();
                taken.add(Roofline.measure(device, new Compilation(precision, true)));
                return (System.nanoTime() - begun) * 1e-9;
            });
        }
        return new Roofline(taken.stream().mapToDouble(Roofline::flopsPerSecond).max().orElseThrow(),
            taken.stream().mapToDouble(Roofline::bytesPerSecond).max().orElseThrow());
    }

    /** One case in one precision, and whoever takes part in it. */
    private final class Turn {
        private final Case c;
        private final Setting setting;
        private final String key;
        private final BenchDraft draft;
        /** Of each engine that is not left out, how far it is off ours. */
        private final Map<Peer.Contender, Double> contenders = new LinkedHashMap<>();

        Turn(Case c, Setting setting, String key, BenchDraft draft) {
            this.c = c;
            this.setting = setting;
            this.key = key;
            this.draft = draft;
        }

        BenchResult.Row row(QuietClock clock) {
            Sampler sampler = size == Size.SMALLEST ? Sampler.once(clock) : Sampler.of(rounds, clock);
            try (Workload ours = c.open(setting)) {
                if (!peers.isEmpty() && !draft.isToBeAlone(key)) {
                    Map<String, HostArray> outputs = own(() -> outputs(ours));
                    for (Peer peer : peers) {
                        enter(peer, ours, outputs);
                    }
                }
                List<Samples> samples = samples(sampler, ours);
                List<BenchResult.PeerRow> others = new ArrayList<>();
                contenders.forEach((contender, error) -> {
                    Samples theirs = samples.get(others.size() + 1);
                    others.add(new BenchResult.PeerRow(contender.name(), theirs, samples.get(0).ratioOf(theirs), error));
                });
                return new BenchResult.Row(c.fullName(), c.usesDevice() ? setting.precision() : null, samples.get(0), ours.work(),
                    ours.counts().orElse(null), ours.error(), others);
            } finally {
                contenders.keySet().forEach(this::close);
            }
        }

        /** Of all that take part. Without an engine that throws as it is timed, they are taken again. */
        private List<Samples> samples(Sampler sampler, Workload ours) {
            List<DoubleSupplier> runs = new ArrayList<>(List.of(() -> own(ours::seconds)));
            contenders.keySet().forEach(contender -> runs.add(() -> {
                try {
                    return contender.seconds();
                } catch (RuntimeException e) {
                    throw new ContenderException(contender, e);
                }
            }));
            try {
                return sampler.take(runs);
            } catch (ContenderException e) {
                contenders.remove(e.contender);
                draft.fail(key, e.contender.name(), e.thrown);
                close(e.contender);
                return samples(sampler, ours);
            }
        }

        /**
         * By name, of what other engines may compute too. Where runs change variables, these too, after one run from where they begin:
         * ours has made some already.
         */
        private Map<String, HostArray> outputs(Workload ours) {
            Optional<Subject> subject = ours.subject();
            if (subject.isEmpty()) {
                return Map.of();
            }
            if (subject.get().hasEffects()) {
                return subject.get().results(setting.device(), setting.compilation());
            }
            Map<String, HostArray> outputs = new LinkedHashMap<>();
            ours.run();
            subject.get().graph().outputs().keySet().forEach(name -> outputs.put(name, ours.output(name)));
            return outputs;
        }

        /** What engines throw as they get ready and are checked is their own: ours is timed all the same. What ours throws is ours. */
        private void enter(Peer peer, Workload ours, Map<String, HostArray> outputs) {
            if (c instanceof StepCase step) {
                own(() -> step.errors(setting, peer, threads, (name, e) -> draft.fail(key, name, e))).forEach((trainer, error) ->
                    train(trainer, own(() -> ours.training().orElseThrow()), error));
            }
            Optional<Subject> subject = own(ours::subject);
            // none of them has convolutions of video in 8-bit integers
            Precision theirs = setting.precision() == Precision.INT8 ? Precision.FP32 : setting.precision();
            try {
                subject.ifPresent(given -> peer.enter(given, theirs, threads).forEach(contender ->
                    admit(contender, () -> error(contender, outputs))));
            } catch (RuntimeException e) {
                draft.fail(key, peer.getClass().getSimpleName(), e);
            }
        }

        /** An engine whose step was like ours when it was small runs once in full size, to see that it can. */
        private void train(Peer.Trainer trainer, TrainingStep step, double error) {
            try {
                Peer.Contender contender = trainer.open(step);
                admit(contender, () -> {
                    contender.run();
                    return error;
                });
            } catch (RuntimeException e) {
                draft.fail(key, trainer.name(), e);
            }
        }

        private void admit(Peer.Contender contender, DoubleSupplier error) {
            try {
                contenders.put(contender, error.getAsDouble());
            } catch (RuntimeException e) {
                draft.fail(key, contender.name(), e);
                close(contender);
            }
        }

        private void close(Peer.Contender contender) {
            try {
                contender.close();
            } catch (RuntimeException e) {
                draft.fail(key, contender.name(), e);
            }
        }

        /** Of a peer's outputs, from ours. */
        private double error(Peer.Contender contender, Map<String, HostArray> outputs) {
            contender.run();
            double worst = 0;
            Precision precision = setting.precision();
            Map<String, float[]> theirs = contender.outputs();
            if (theirs.isEmpty()) {
                throw new KinemaException(contender.name() + " on " + c.fullName() + " gives nothing to be checked: give its outputs");
            }
            for (Map.Entry<String, float[]> output : theirs.entrySet()) {
                String what = contender.name() + " on " + c.fullName() + " in " + precision + ", output " + output.getKey() + ",";
                HostArray own = outputs.get(output.getKey());
                if (own == null) {
                    throw new KinemaException(what + " is none of the graph's: give it as one of " + outputs.keySet());
                }
                double error = Distance.of(HostArray.of(own.shape(), output.getValue()), own);
                worst = Math.max(worst, Distance.within(Case.bound(precision), error, what));
            }
            return worst;
        }
    }

    /**
     * What ours does beside other engines.
     *
     * @throws KinemaException if it throws, whatever it throws: then the case fails, and not an engine, nor the cases to come
     */
    private static <T> T own(Supplier<T> ours) {
        try {
            return ours.get();
        } catch (KinemaException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new KinemaException("our own work threw " + e + ": this is a mistake in Kinema, report it with its case", e);
        }
    }

    /** Another engine threw while it was timed. */
    private static final class ContenderException extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient Peer.Contender contender;
        private final RuntimeException thrown;

        ContenderException(Peer.Contender contender, RuntimeException thrown) {
            super(thrown);
            this.contender = contender;
            this.thrown = thrown;
        }
    }
}
