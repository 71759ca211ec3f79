package dev.kinema.embed;

import dev.kinema.video.Damage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The way of one film through the lanes, in the thread of the call: clips as the decoder delivers them go to the lanes, features come back
 * in the clips' order. The stream's mailbox is the one place where it waits: for a clip, for a lane that is done, for whoever ends the call.
 */
final class FilmEncoding {
    /** After which it looks around even where nobody has woken it. */
    private static final long LONGEST_WAIT_NANOS = 60_000_000_000L;

    private final ClipStream clips;
    private final Lanes lanes;
    private final EncodingCall call;
    private final Consumer<ClipFeature> sink;
    private final EncodingProgress progress;
    private final ClipsUnderWay underWay;
    private long done;
    private boolean open;

    FilmEncoding(ClipStream clips, Lanes lanes, EncodingCall call, Consumer<ClipFeature> sink, EncodingProgress progress) {
        this.clips = clips;
        this.underWay = clips.underWay();
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
                underWay.send(lanes);
                if (clips.hasEnded()) {
                    clips.next().ifPresent(next -> next.sendAhead(lanes));
                    if (underWay.isEmpty()) {
                        return clips.damage();
                    }
                }
                take(clips.next(Math.min(LONGEST_WAIT_NANOS, call.remaining())));
            }
        } catch (InterruptedException e) {
            throw call.interrupted();
        } finally {
            call.wakenByNobody();
            underWay.drop();
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
            underWay.add(slot);
        }
    }

    private void deliver() {
        for (ClipsUnderWay.Sent first = underWay.poll(); first != null; first = underWay.poll()) {
            List<ClipFeature> features = new ArrayList<>();
            for (int i = 0; i < first.slots().size(); i++) {
                ClipMemory.Slot slot = first.slots().get(i);
                double start = clips.plan().clipStart(slot.index);
                features.add(new ClipFeature(slot.index, start, start + clips.plan().span(), slot.times.clone(), first.group().feature(i)));
                clips.recycle(slot);
            }
            first.group().rethrow();
            features.forEach(sink);
            done += features.size();
            progress.clips(done, clips.expectedClips());
        }
    }
}
