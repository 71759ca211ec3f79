package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.MemoryPlan;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Which memory of the device a program needs, and where its values live there. */
final class Placement {
    /** Inputs, outputs, and what preparation leaves for the runs. */
    private final Set<Storage> holding = new LinkedHashSet<>();
    private final List<Storage> activations;
    /** What only preparation needs. */
    private final List<Storage> passing;
    private final MemoryPlan plan;
    private final MemoryPlan passingPlan;
    private final MemoryPlan holdingPlan;

    /**
     * @param preparing the steps that run when weights have changed, {@code running} those of each run
     * @param bound inputs and outputs
     * @param besides what the program holds of the device besides, bytes
     */
    Placement(List<Step> preparing, List<Step> running, Collection<Buffer> bound, long besides) {
        bound.forEach(b -> holding.add(b.storage()));
        running.stream().flatMap(s -> s.reads().stream()).map(Buffer::storage)
            .filter(s -> s.kept || s.constant && s.home != Storage.Home.WEIGHTS).forEach(holding::add);
        passing = planned(preparing);
        activations = planned(running);
        // all at once, for as long as the program lives
        holdingPlan = MemoryPlan.of(holding.stream().map(s -> new MemoryPlan.Request(s.name, s.bytes, 0, 0)).toList(), 0);
        plan = plan(activations, besides + holdingPlan.bytes());
        passingPlan = plan(passing, 0);
    }

    /** The storages of steps that live in a planned block, with the steps between which they do. */
    private List<Storage> planned(List<Step> steps) {
        Set<Storage> planned = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Storage> order = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            int now = i;
            Stream.concat(steps.get(i).reads().stream(), steps.get(i).writes().stream()).map(Buffer::storage)
                .filter(s -> s.home == Storage.Home.PLANNED && !holding.contains(s)).forEach(s -> {
                    s.usedAt(now);
                    if (planned.add(s)) {
                        order.add(s);
                    }
                });
        }
        return order;
    }

    private static MemoryPlan plan(List<Storage> storages, long heldBytes) {
        return MemoryPlan.of(storages.stream().map(s -> new MemoryPlan.Request(s.name, s.bytes, s.first, s.last)).toList(), heldBytes);
    }

    /** The block of activations, and how much is held beside it. */
    MemoryPlan plan() {
        return plan;
    }

    /** How much memory the program has for as long as it lives, bytes: the activations, and behind them what is held. */
    long bytes() {
        return plan.bytes() + holdingPlan.bytes();
    }

    /** How much memory preparation needs in passing, bytes. */
    long passingBytes() {
        return passingPlan.bytes();
    }

    /** @param block of {@link #bytes} */
    void place(DeviceMemory block) {
        place(activations, plan, block.address());
        place(List.copyOf(holding), holdingPlan, block.address() + plan.bytes());
    }

    void placePassing(DeviceMemory block) {
        place(passing, passingPlan, block.address());
    }

    private static void place(List<Storage> storages, MemoryPlan plan, long address) {
        for (int i = 0; i < storages.size(); i++) {
            storages.get(i).place(address + plan.blocks().get(i).offset());
        }
    }

    /**
     * Before anything is allocated, and with what the first run will take for preparation.
     *
     * @param program and {@code device}: as errors name them
     * @throws KinemaException if there is not so much memory
     */
    void require(long free, String program, String device) {
        long need = plan.bytes() + plan.persistentBytes() + passingPlan.bytes();
        if (need > free) {
            throw new KinemaException(String.format("%s needs %,d bytes of memory on %s, which has %,d free (activations %,d; inputs,"
                + " outputs and what is derived from weights %,d; to derive it %,d): use a smaller batch or model, or close other programs",
                program, need, device, free, plan.bytes(), plan.persistentBytes(), passingPlan.bytes()));
        }
    }
}
