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
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/**
 * Times cases on a device, beside other engines where there are such.
 *
 * @param precisions that cases of the device are computed in, each one that it has
 * @param attempts at each sample while other processes disturb it
 * @param peers are not closed
 */
public record BenchRun(Device device, int threads, List<Precision> precisions, Size size, int batch, int rounds, int attempts,
    List<Peer> peers) {
    public BenchRun {
        if (rounds < 1) {
            throw new IllegalArgumentException(rounds + " rounds are no measurement");
        }
    }

    /**
     * Measures what the device reaches at its best, then each case in each precision.
     *
     * @param done told of each row as soon as it is there
     * @param failed told of each case that has none, in a precision, and why: its result was wrong, or the device has no rule for it; and of
     *     each engine that is left out of a row, since its check failed or is off ours, which of a training step none is
     */
    public BenchResult time(List<Case> cases, Consumer<BenchResult.Row> done, BiConsumer<String, RuntimeException> failed) {
        QuietClock clock = new QuietClock(size == Size.SMALLEST ? 1 : attempts);
        Map<Precision, Roofline> rooflines = new LinkedHashMap<>();
        if (cases.stream().anyMatch(Case::usesDevice)) {
            precisions.forEach(p -> rooflines.put(p, Roofline.measure(device, new Compilation(p, true))));
        }
        List<BenchResult.Row> rows = new ArrayList<>();
        for (Case c : cases) {
            for (Precision precision : c.usesDevice() ? precisions.stream().filter(c::computesIn).toList() : List.of(Precision.FP32)) {
                Setting setting = new Setting(device, precision, size, batch, Optional.ofNullable(rooflines.get(precision)));
                try {
                    BenchResult.Row row = row(c, setting, clock, failed);
                    rows.add(row);
                    done.accept(row);
                } catch (KinemaException e) {
                    failed.accept(c.fullName() + " in " + precision, e);
                }
            }
        }
        Map<Precision, BenchResult.Limits> limits = new LinkedHashMap<>();
        rooflines.forEach((p, r) -> limits.put(p, new BenchResult.Limits(r.flopsPerSecond(), r.bytesPerSecond())));
        return new BenchResult(Machines.here(device, threads, batch), size, rounds, limits, clock.guarded() ? clock.rejected() : null,
            clock.guarded() ? clock.noisy() : null, rows);
    }

    private BenchResult.Row row(Case c, Setting setting, QuietClock clock, BiConsumer<String, RuntimeException> failed) {
        Sampler sampler = size == Size.SMALLEST ? Sampler.once(clock) : Sampler.of(rounds, clock);
        List<Peer.Contender> contenders = new ArrayList<>();
        try (Workload ours = c.open(setting)) {
            // none of them has convolutions of video in 8-bit integers
            Precision peersOwn = setting.precision() == Precision.INT8 ? Precision.FP32 : setting.precision();
            ours.subject().ifPresent(subject -> peers.forEach(p -> contenders.addAll(p.enter(subject, peersOwn, threads))));
            List<Double> errors = new ArrayList<>();
            if (c instanceof StepCase step) {
                errors.addAll(step.errors(setting, peers, threads));
                ours.training().ifPresent(training -> peers.forEach(p ->
                    contenders.addAll(p.enter(training, setting.precision(), threads))));
            }
            if (!(c instanceof StepCase)) {
                contenders.removeIf(contender -> isOff(contender, c, setting.precision(), ours, errors, failed));
            }
            List<DoubleSupplier> runs = new ArrayList<>(List.of(ours::seconds));
            contenders.forEach(contender -> runs.add(contender::seconds));
            List<Samples> samples = sampler.take(runs);
            List<BenchResult.PeerRow> others = new ArrayList<>();
            for (int i = 0; i < contenders.size(); i++) {
                Samples theirs = samples.get(i + 1);
                others.add(new BenchResult.PeerRow(contenders.get(i).name(), theirs, samples.get(0).ratioOf(theirs), errors.get(i)));
            }
            return new BenchResult.Row(c.fullName(), c.usesDevice() ? setting.precision() : null, samples.get(0), ours.work(),
                ours.counts().orElse(null), ours.error(), others);
        } finally {
            contenders.forEach(Peer.Contender::close);
        }
    }

    /** Whether an engine is left out; if it is not, its error is added. What engines throw as they are checked is their own: ours is timed. */
    private static boolean isOff(Peer.Contender contender, Case c, Precision precision, Workload ours, List<Double> errors,
            BiConsumer<String, RuntimeException> failed) {
        try {
            errors.add(error(c, precision, ours, contender));
            return false;
        } catch (RuntimeException e) {
            failed.accept(contender.name() + " beside " + c.fullName() + " in " + precision, e);
            contender.close();
            return true;
        }
    }

    /** Of a peer's outputs, from ours. */
    private static double error(Case c, Precision precision, Workload ours, Peer.Contender contender) {
        ours.run();
        contender.run();
        double worst = 0;
        for (Map.Entry<String, float[]> output : contender.outputs().entrySet()) {
            HostArray own = ours.output(output.getKey());
            double error = Distance.of(HostArray.of(own.shape(), output.getValue()), own);
            String what = contender.name() + " on " + c.fullName() + " in " + precision + ", output " + output.getKey() + ",";
            worst = Math.max(worst, Distance.within(Case.bound(precision), error, what));
        }
        return worst;
    }
}
