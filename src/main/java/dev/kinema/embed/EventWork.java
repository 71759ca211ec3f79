package dev.kinema.embed;

import dev.kinema.device.HostArray;

/** Features of a film to be put into context. */
final class EventWork extends LaneWork {
    private final EventContext context;
    private final HostArray features;
    private HostArray events;

    EventWork(EventContext context, HostArray features) {
        this.context = context;
        this.features = features;
    }

    void run() {
        // nobody else writes to the features
        read();
        // the contextualizer is one program for all lanes, and a small part of their work
        synchronized (context) {
            events = context.events(features);
        }
    }

    /** Once it is done. */
    HostArray events() {
        return events;
    }
}
