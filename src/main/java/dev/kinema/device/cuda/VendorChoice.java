package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.Vendor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Who does the matrix products and convolutions of a device, our kernels or a library: decided once per kind, remembered while the device
 * is open.
 */
final class VendorChoice implements AutoCloseable {
    private final Vendor vendor;
    /** Null where there is none, or none is wanted, as is the next. */
    private final VendorLibrary<Product> products;
    private final VendorLibrary<Convolution> convolutions;
    private final Stopwatch stopwatch;
    private final Map<Contraction, Decision> decisions = new LinkedHashMap<>();

    /** Measures how long something takes. */
    @FunctionalInterface
    interface Stopwatch {
        /** @param way null for our own kernel */
        double millis(Contraction contraction, VendorLibrary.Way way);
    }

    /** @param way null for our own kernel */
    private record Decision(VendorLibrary.Way way, String reason) {}

    /** @param products null where there is none, as may be {@code convolutions} */
    VendorChoice(Vendor vendor, VendorLibrary<Product> products, VendorLibrary<Convolution> convolutions, Stopwatch stopwatch) {
        this.vendor = vendor;
        this.products = vendor == Vendor.NEVER ? null : products;
        this.convolutions = vendor == Vendor.NEVER ? null : convolutions;
        this.stopwatch = stopwatch;
    }

    /** Our own kernels for all. */
    static VendorChoice own() {
        return new VendorChoice(Vendor.NEVER, null, null, null);
    }

    /**
     * For a device that is in use by this thread.
     *
     * @param name of the device, and {@code index} its number
     * @throws KinemaException if the libraries must be used and one is missing
     */
    static VendorChoice of(Vendor vendor, String name, int index) {
        if (vendor == Vendor.NEVER) {
            return own();
        }
        if (vendor == Vendor.ALWAYS && VendorLibraries.absence().isPresent()) {
            throw new KinemaException(name + " cannot always use the vendor's libraries: " + VendorLibraries.absence().get()
                + ", or leave --vendor always away");
        }
        VendorLibrary<Product> products = VendorLibraries.products();
        boolean complete = false;
        try {
            VendorChoice choice = new VendorChoice(vendor, products, VendorLibraries.convolutions(index), new VendorTrial(index));
            complete = true;
            return choice;
        } finally {
            if (!complete && products != null) {
                products.close();
            }
        }
    }

    /**
     * The library's way to do a product, if the library is to do it. The first to ask waits while both are timed.
     *
     * @throws KinemaException if the library must do it and refuses
     */
    Optional<VendorLibrary.Way> wayOf(Product product) {
        return wayOf(products, product);
    }

    /** The same for a convolution. */
    Optional<VendorLibrary.Way> wayOf(Convolution convolution) {
        return wayOf(convolutions, convolution);
    }

    private synchronized <C extends Contraction> Optional<VendorLibrary.Way> wayOf(VendorLibrary<C> library, C contraction) {
        if (library == null) {
            return Optional.empty();
        }
        Decision decision = decisions.get(contraction);
        if (decision == null) {
            decision = decide(library, contraction);
            decisions.put(contraction, decision);
        }
        return Optional.ofNullable(decision.way());
    }

    private <C extends Contraction> Decision decide(VendorLibrary<C> library, C contraction) {
        VendorLibrary.Offer offer = library.offer(contraction);
        if (vendor == Vendor.ALWAYS) {
            if (offer.way() == null) {
                throw new KinemaException(library.name() + " does not do " + contraction + " (" + offer.refusal()
                    + "): choose --vendor auto, which takes our own kernels there, or never");
            }
            return new Decision(offer.way(), library.name() + ", as it always is");
        }
        if (offer.way() == null) {
            return new Decision(null, "our own, as " + library.name() + " does not do it: " + offer.refusal());
        }
        double own = stopwatch.millis(contraction, null);
        double other = stopwatch.millis(contraction, offer.way());
        boolean faster = other < own;
        return new Decision(faster ? offer.way() : null, String.format(Locale.ROOT, "%s, %.4f ms, not %s, %.4f ms",
            faster ? library.name() : "our own", faster ? other : own, faster ? "our own" : library.name(), faster ? own : other));
    }

    /** A line for each kind that was asked for: who does it, and why. */
    synchronized List<String> reasons() {
        return decisions.entrySet().stream().map(e -> e.getKey() + ": " + e.getValue().reason()).toList();
    }

    @Override
    public void close() {
        Release release = new Release();
        Stream.of(Optional.ofNullable(products), Optional.ofNullable(convolutions)).flatMap(Optional::stream)
            .forEach(library -> release.of(library::close));
        release.finish();
    }
}
