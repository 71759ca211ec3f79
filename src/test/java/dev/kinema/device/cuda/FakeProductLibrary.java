package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A library of products that does them by our kernels, notes what it is asked, and is as slow as a test wants. */
final class FakeProductLibrary implements ProductLibrary {
    private final List<Product> asked = new ArrayList<>();
    private final long delayMillis;
    private String refusal;
    private String failure;
    private int launches;
    private boolean closed;

    /** @param delayMillis how long each product keeps whoever launches it */
    FakeProductLibrary(long delayMillis) {
        this.delayMillis = delayMillis;
    }

    /** Refuses from now on. */
    void refuse(String why) {
        refusal = why;
    }

    /** Fails from now on when a product is launched. */
    void fail(String why) {
        failure = why;
    }

    List<Product> asked() {
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
    public Offer offer(Product product) {
        asked.add(product);
        return refusal == null ? Offer.of(new FakeWay(this, product)) : Offer.refusal(refusal);
    }

    @Override
    public void close() {
        closed = true;
    }

    record FakeWay(FakeProductLibrary library, Product product) implements Way {
        @Override
        public long workspaceBytes() {
            return 1000;
        }

        @Override
        public void launch(long y, long a, long b, long bias, long workspace, long stream) {
            library.launches++;
            if (library.failure != null) {
                throw new KinemaException(library.failure);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(library.delayMillis));
            // the workspace is ours: what is written there must hurt nobody
            CudaLibrary.check(Kinema.kn_memory_set(workspace, 0xff, 1000, stream));
            CudaLibrary.check(product.multiply(y, a, b, bias, stream));
        }
    }
}
