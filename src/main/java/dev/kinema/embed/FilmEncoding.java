package dev.kinema.embed;

import dev.kinema.video.Damage;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/**
 * The way of one film through the lanes, in the thread of the call: clips as the decoder delivers them go to the lanes, features come back
 * in the clips' order. The stream's mailbox is the one place where it waits: for a clip, for a lane that is done, for whoever ends the call.
 */
final class FilmEncoding {
    /** Clips in the lanes, in the stream's memory. */
    private record Sent(List<ClipMemory.Slot> slots, ClipGroup group) {
    }

    /** After which it looks around even where nobody has woken it. */
    private static final long LONGEST_WAIT_NANOS = 60_000_000_000L;

    private final ClipStream clips;
    private final Lanes lanes;
    private final EncodingCall call;
    private final Consumer<ClipFeature> sink;
    private final EncodingProgress progress;
    private final Deque<ClipMemory.Slot> ready = new ArrayDeque<>();
    private final Deque<Sent> sent = new ArrayDeque<>();
    private long done;
    private boolean open;

    FilmEncoding(ClipStream clips, Lanes lanes, EncodingCall call, Consumer<ClipFeature> sink, EncodingProgress progress) {
        this.clips = clips;
        this.lanes = lanes;
        this.call = call;
        this.sink = sink;
        this.progress = progress;
        this.done = clips.from();
    }

    /** Runs to the film's end. */
    Damage run() {
        clips.begin();
        call.wakenBy(clips::wake);
        try {
            while (true) {
                deliver();
                call.check();
                send();
                if (clips.hasEnded() && sent.isEmpty()) {
                    return clips.damage();
                }
                take(clips.next(Math.min(LONGEST_WAIT_NANOS, call.remaining())));
            }
        } catch (InterruptedException e) {
            throw call.interrupted();
        } finally {
            call.wakenByNobody();
            drop();
        }
    }

    private void take(ClipMemory.Slot slot) {
        if (slot == ClipStream.NOTHING) {
            return;
        }
        if (!open) {
            open = true;
            progress.clips(done, clips.expectedClips());
        }
        if (slot != null) {
            ready.add(slot);
        }
    }

    private void send() {
        while (ready.size() >= lanes.groupSize() || clips.hasEnded() && !ready.isEmpty()) {
            List<ClipMemory.Slot> slots = new ArrayList<>();
            List<ByteBuffer> pixels = new ArrayList<>();
            while (slots.size() < lanes.groupSize() && !ready.isEmpty()) {
                slots.add(ready.poll());
                pixels.add(slots.get(slots.size() - 1).pixels);
            }
            ClipGroup group = new ClipGroup(pixels, clips::wake);
            sent.add(new Sent(slots, group));
            lanes.submit(group);
        }
    }

    private void deliver() {
        while (!sent.isEmpty() && sent.peek().group.isDone()) {
            Sent first = sent.poll();
            List<ClipFeature> features = new ArrayList<>();
            for (int i = 0; i < first.slots.size(); i++) {
                ClipMemory.Slot slot = first.slots.get(i);
                double start = clips.plan().clipStart(slot.index);
                features.add(new ClipFeature(slot.index, start, start + clips.plan().span(), slot.times.clone(), first.group.feature(i)));
                clips.recycle(slot);
            }
            first.group.rethrow();
            features.forEach(sink);
            done += features.size();
            progress.clips(done, clips.expectedClips());
        }
    }

    /** Leaves nothing in the lanes, and gives all memory back to the stream. */
    private void drop() {
        for (Sent one : sent) {
            one.group.drop();
            one.slots.forEach(clips::recycle);
        }
        ready.forEach(clips::recycle);
    }
}
