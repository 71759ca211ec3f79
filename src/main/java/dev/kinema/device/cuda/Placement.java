package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.MemoryPlan;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Which memory of the device a program needs, and where its values live there. */
final class Placement {
    /** Inputs, outputs, and what preparation leaves for the runs. */
    private final Set<Storage> holding = Collections.newSetFromMap(new IdentityHashMap<>());
    private final List<Storage> activations;
    /** What only preparation needs. */
    private final List<Storage> passing;
    private final MemoryPlan plan;
    private final MemoryPlan passingPlan;

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
        plan = plan(activations, besides + holding.stream().mapToLong(s -> s.bytes).sum());
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

    /** What is held beside the planned block, each in memory of its own. */
    Set<Storage> holding() {
        return holding;
    }

    /** How much memory preparation needs in passing, bytes. */
    long passingBytes() {
        return passingPlan.bytes();
    }

    void placeActivations(DeviceMemory block) {
        place(activations, plan, block);
    }

    void placePassing(DeviceMemory block) {
        place(passing, passingPlan, block);
    }

    private static void place(List<Storage> storages, MemoryPlan plan, DeviceMemory block) {
        for (int i = 0; i < storages.size(); i++) {
            storages.get(i).place(block.address() + plan.blocks().get(i).offset());
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
