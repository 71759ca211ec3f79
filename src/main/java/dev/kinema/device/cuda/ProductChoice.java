package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.Vendor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Who does the matrix products of a device, our kernels or a library: decided once per kind of product, remembered while the device is open.
 */
final class ProductChoice implements AutoCloseable {
    private final Vendor vendor;
    /** Null where there is none, or none is wanted. */
    private final ProductLibrary library;
    private final Stopwatch stopwatch;
    private final Map<Product, Decision> decisions = new LinkedHashMap<>();

    /** Measures how long a product takes. */
    @FunctionalInterface
    interface Stopwatch {
        /** @param way null for our own kernel */
        double millis(Product product, ProductLibrary.Way way);
    }

    /** @param way null for our own kernel */
    private record Decision(ProductLibrary.Way way, String reason) {}

    /** @param library null where there is none */
    ProductChoice(Vendor vendor, ProductLibrary library, Stopwatch stopwatch) {
        this.vendor = vendor;
        this.library = vendor == Vendor.NEVER ? null : library;
        this.stopwatch = stopwatch;
    }

    /** Our own kernels for all. */
    static ProductChoice own() {
        return new ProductChoice(Vendor.NEVER, null, null);
    }

    /**
     * For a device that is in use by this thread.
     *
     * @param name of the device, and {@code index} its number
     * @throws KinemaException if the library must be used and is missing
     */
    static ProductChoice of(Vendor vendor, String name, int index) {
        if (vendor == Vendor.NEVER) {
            return own();
        }
        if (VendorLibrary.absence().isPresent()) {
            if (vendor == Vendor.ALWAYS) {
                throw new KinemaException(name + " cannot always use the vendor's library: " + VendorLibrary.absence().get()
                    + ", or leave --vendor always away");
            }
            return own();
        }
        return new ProductChoice(vendor, VendorLibrary.open(), new ProductTrial(index));
    }

    /**
     * The library's way to do a product, if the library is to do it. The first to ask waits while both are timed.
     *
     * @throws KinemaException if the library must do it and refuses
     */
    synchronized Optional<ProductLibrary.Way> wayOf(Product product) {
        if (library == null) {
            return Optional.empty();
        }
        Decision decision = decisions.get(product);
        if (decision == null) {
            decision = decide(product);
            decisions.put(product, decision);
        }
        return Optional.ofNullable(decision.way());
    }

    private Decision decide(Product product) {
        ProductLibrary.Offer offer = library.offer(product);
        if (vendor == Vendor.ALWAYS) {
            if (offer.way() == null) {
                throw new KinemaException(library.name() + " does not do " + product + " (" + offer.refusal()
                    + "): choose --vendor auto, which takes our own kernels there, or never");
            }
            return new Decision(offer.way(), library.name() + ", as it always is");
        }
        if (offer.way() == null) {
            return new Decision(null, "our own, as " + library.name() + " does not do it: " + offer.refusal());
        }
        double own = stopwatch.millis(product, null);
        double other = stopwatch.millis(product, offer.way());
        boolean faster = other < own;
        return new Decision(faster ? offer.way() : null, String.format(Locale.ROOT, "%s, %.4f ms, not %s, %.4f ms",
            faster ? library.name() : "our own", faster ? other : own, faster ? "our own" : library.name(), faster ? own : other));
    }

    /** The name of the library in steps that it does. */
    String libraryName() {
        return library.name();
    }

    /** A line for each kind of product that was asked for: who does it, and why. */
    synchronized List<String> reasons() {
        return decisions.entrySet().stream().map(e -> e.getKey() + ": " + e.getValue().reason()).toList();
    }

    @Override
    public void close() {
        if (library != null) {
            library.close();
        }
    }
}
