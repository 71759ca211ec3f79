package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.Vendor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Who does the matrix products and convolutions of a device, our kernels or a library: decided once per kind, remembered while the device
 * is open. Where there is a choice, ours do products to whose sums they also do what follows, as {@link Products} has it: after a library
 * that would be a step of its own, which a trial of the product alone does not see. A library that fails, or a trial, leaves ours, and the reason.
 */
final class VendorChoice implements AutoCloseable {
    private final Vendor vendor;
    /** Null where there is none, or none is wanted, as is the next. */
    private final VendorLibrary<Product> products;
    private final VendorLibrary<Convolution> convolutions;
    private final Stopwatch stopwatch;
    /** Of libraries that could not be used at all. */
    private final List<String> failures = new ArrayList<>();
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
        return of(vendor, () -> VendorLibraries.products(index), () -> VendorLibraries.convolutions(index), new VendorTrial(index));
    }

    /**
     * With libraries that may fail when they are asked for.
     *
     * @param products gives null where there is no library, as may {@code convolutions}
     * @throws KinemaException if a library must be used and fails
     */
    static VendorChoice of(Vendor vendor, Supplier<VendorLibrary<Product>> products, Supplier<VendorLibrary<Convolution>> convolutions,
            Stopwatch stopwatch) {
        List<String> failures = new ArrayList<>();
        VendorLibrary<Product> first = open(vendor, "products", products, failures);
        boolean complete = false;
        try {
            VendorChoice choice = new VendorChoice(vendor, first, open(vendor, "convolutions", convolutions, failures), stopwatch);
            choice.failures.addAll(failures);
            complete = true;
            return choice;
        } finally {
            if (!complete && first != null) {
                first.close();
            }
        }
    }

    /** @return null where there is none, or where it fails and need not be used, which {@code failures} then say */
    private static <C extends Contraction> VendorLibrary<C> open(Vendor vendor, String what, Supplier<VendorLibrary<C>> library,
            List<String> failures) {
        try {
            return library.get();
        } catch (KinemaException e) {
            if (vendor == Vendor.ALWAYS) {
                throw e;
            }
            failures.add("all " + what + ": our own, as the library failed: " + e.getMessage());
            return null;
        }
    }

    /** Whether the libraries are to be used wherever they are there, for better or worse. */
    boolean isAlways() {
        return vendor == Vendor.ALWAYS;
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
        VendorLibrary.Offer offer;
        if (vendor == Vendor.ALWAYS) {
            offer = library.offer(contraction);
            if (offer.way() == null) {
                throw new KinemaException(library.name() + " does not do " + contraction + " (" + offer.refusal()
                    + "): choose --vendor auto, which takes our own kernels there, or never");
            }
            return new Decision(offer.way(), library.name() + ", as it always is");
        }
        try {
            offer = library.offer(contraction);
        } catch (KinemaException e) {
            return failed(library, e);
        }
        if (offer.way() == null) {
            return new Decision(null, "our own, as " + library.name() + " does not do it: " + offer.refusal());
        }
        double own;
        try {
            own = stopwatch.millis(contraction, null);
        } catch (KinemaException e) {
            // as where there is no memory for the trial, which the program itself does not need
            return new Decision(null, "our own, untimed, as the trial of it failed: " + e.getMessage());
        }
        double other;
        try {
            other = stopwatch.millis(contraction, offer.way());
        } catch (KinemaException e) {
            return failed(library, e);
        }
        boolean faster = other < own;
        return new Decision(faster ? offer.way() : null, String.format(Locale.ROOT, "%s, %.4f ms, not %s, %.4f ms",
            faster ? library.name() : "our own", faster ? other : own, faster ? "our own" : library.name(), faster ? own : other));
    }

    private static Decision failed(VendorLibrary<?> library, KinemaException failure) {
        return new Decision(null, "our own, as " + library.name() + " failed: " + failure.getMessage());
    }

    /** A line for each library that could not be used, then for each kind that was asked for: who does it, and why. */
    synchronized List<String> reasons() {
        return Stream.concat(failures.stream(), decisions.entrySet().stream().map(e -> e.getKey() + ": " + e.getValue().reason())).toList();
    }

    @Override
    public void close() {
        Release release = new Release();
        Stream.of(Optional.ofNullable(products), Optional.ofNullable(convolutions)).flatMap(Optional::stream)
            .forEach(library -> release.of(library::close));
        release.finish();
    }
}
