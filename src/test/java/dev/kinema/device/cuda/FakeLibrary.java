package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A library that does what it is asked by our kernels, notes it, and is as slow as a test wants. Of weights it takes only those that are in
 * the same order for libraries and for our kernels, whose rows are whole 16-byte chunks.
 */
final class FakeLibrary<C extends Contraction> implements VendorLibrary<C> {
    private final List<C> asked = new ArrayList<>();
    private final long delayMillis;
    private String refusal;
    private String failure;
    private String offerFailure;
    private int launches;
    private boolean closed;

    /** @param delayMillis how long each launch keeps whoever launches it */
    FakeLibrary(long delayMillis) {
        this.delayMillis = delayMillis;
    }

    /** Refuses from now on. */
    void refuse(String why) {
        refusal = why;
    }

    /** Fails from now on when something is launched. */
    void fail(String why) {
        failure = why;
    }

    /** Fails from now on when it is asked for something. */
    void failOffers(String why) {
        offerFailure = why;
    }

    List<C> asked() {
        return asked;
    }

    int launches() {
        return launches;
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public Offer offer(C contraction) {
        asked.add(contraction);
        if (offerFailure != null) {
            throw new KinemaException(offerFailure);
        }
        return refusal == null ? Offer.of(new FakeWay(this, contraction)) : Offer.refusal(refusal);
    }

    @Override
    public void close() {
        closed = true;
    }

    record FakeWay(FakeLibrary<?> library, Contraction contraction) implements Way {
        @Override
        public String name() {
            return library.name();
        }

        @Override
        public long workspaceBytes() {
            return 1000 + contraction.workspaceBytes();
        }

        @Override
        public void launch(long y, long a, long b, long bias, long added, long workspace, long stream) {
            library.launches++;
            if (library.failure != null) {
                throw new KinemaException(library.failure);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(library.delayMillis));
            // the workspace is ours: what is written there must hurt nobody
            CudaLibrary.check(Kinema.kn_memory_set(workspace, 0xff, workspaceBytes(), stream));
            CudaLibrary.check(contraction.run(y, a, b, bias, added, workspace, stream));
        }
    }
}
