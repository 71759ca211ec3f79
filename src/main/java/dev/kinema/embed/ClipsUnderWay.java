package dev.kinema.embed;

import dev.kinema.embed.ClipMemory.Slot;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;

/**
 * A film's clips between its decoder and whoever takes their features: those that wait for their group to be full, and groups in the lanes.
 * They begin in the call that encodes the film, or in that of the film before.
 */
final class ClipsUnderWay {
    /** Clips in the lanes, in the stream's memory. */
    record Sent(List<Slot> slots, ClipGroup group) {
    }

    private final ClipStream clips;
    private final Deque<Slot> ready = new ArrayDeque<>();
    private final Deque<Sent> sent = new ArrayDeque<>();
    private OptionalLong begun = OptionalLong.empty();
    private boolean dropped;

    ClipsUnderWay(ClipStream clips) {
        this.clips = clips;
    }

    /** Takes a decoded clip. */
    synchronized void add(Slot slot) {
        if (dropped) {
            clips.recycle(slot);
        } else {
            ready.add(slot);
        }
    }

    /** Gives full groups to the lanes, and after the film's last clip what there is. */
    synchronized void send(Lanes lanes) {
        while (ready.size() >= lanes.groupSize() || clips.hasEnded() && !ready.isEmpty()) {
            List<Slot> slots = new ArrayList<>();
            List<ByteBuffer> pixels = new ArrayList<>();
            while (slots.size() < lanes.groupSize() && !ready.isEmpty()) {
                slots.add(ready.poll());
                pixels.add(slots.get(slots.size() - 1).pixels);
            }
            ClipGroup group = new ClipGroup(pixels, clips::wake);
            begun = OptionalLong.of(begun.orElseGet(System::nanoTime));
            sent.add(new Sent(slots, group));
            lanes.submit(group);
        }
    }

    synchronized long begunNanos() {
        return begun.orElseGet(System::nanoTime);
    }

    /** The first group that is not taken yet, if it is done; else null. */
    synchronized Sent poll() {
        return !sent.isEmpty() && sent.peek().group.isDone() ? sent.poll() : null;
    }

    /** Whether the lanes have nothing of it. */
    synchronized boolean isEmpty() {
        return sent.isEmpty();
    }

    /** Leaves nothing in the lanes, gives all memory back to the stream, and takes no clips from now on. */
    synchronized void drop() {
        dropped = true;
        for (Sent one : sent) {
            one.group.drop();
            one.slots.forEach(clips::recycle);
        }
        sent.clear();
        ready.forEach(clips::recycle);
        ready.clear();
    }
}
