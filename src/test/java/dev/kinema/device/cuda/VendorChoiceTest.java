package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.Vendor;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who does a product or a convolution, with a library and a stopwatch that say what the test wants. */
class VendorChoiceTest {
    private static final Product SMALL = product(16);
    private static final Product LARGE = product(512);

    /** What was measured: "own" or "library", and the product's rows. */
    private final List<String> measured = new ArrayList<>();
    private final FakeLibrary<Product> library = new FakeLibrary<>(0);

    /** Products name their activation by constants of the binding, which the build may lack. */
    @BeforeAll
    static void needsTheBinding() {
        Emulated.device().close();
    }

    private static Product product(long rows) {
        return new Product(1, rows, 64, 32, false, true, true, Kinema.KN_ACTIVATION_NONE, DType.F32, DType.F32);
    }

    /** Our kernel is faster for few rows. */
    private double millis(Contraction contraction, VendorLibrary.Way way) {
        long rows = ((Product) contraction).m();
        measured.add((way == null ? "own " : "library ") + rows);
        return way == null ? rows * 0.01 : 1;
    }

    private static long rows(VendorLibrary.Way way) {
        return ((Product) ((FakeLibrary.FakeWay) way).contraction()).m();
    }

    @Test
    void autoTakesTheFasterAndAsksOnce() {
        try (VendorChoice choice = new VendorChoice(Vendor.AUTO, library, null, this::millis)) {
            for (int i = 0; i < 3; i++) {
                assertEquals(Optional.empty(), choice.wayOf(product(16)), "0.16 ms against 1 ms");
                assertEquals(512, rows(choice.wayOf(product(512)).orElseThrow()));
            }
            assertEquals(List.of("own 16", "library 16", "own 512", "library 512"), measured);
            assertEquals(List.of(SMALL, LARGE), library.asked());
            assertEquals(List.of(SMALL + ": our own, 0.1600 ms, not fake, 1.0000 ms", LARGE + ": fake, 1.0000 ms, not our own, 5.1200 ms"),
                choice.reasons());
        }
        assertTrue(library.isClosed());
    }

    @Test
    void kindsThatDifferInAnythingAreTimedApart() {
        try (VendorChoice choice = new VendorChoice(Vendor.AUTO, library, null, this::millis)) {
            choice.wayOf(LARGE);
            choice.wayOf(new Product(1, 512, 64, 32, false, false, true, Kinema.KN_ACTIVATION_NONE, DType.F32, DType.F32));
            choice.wayOf(new Product(1, 512, 64, 32, false, true, true, Kinema.KN_ACTIVATION_RELU, DType.F32, DType.F32));
            choice.wayOf(new Product(1, 512, 64, 32, false, true, true, Kinema.KN_ACTIVATION_NONE, DType.BF16, DType.F32));
            assertEquals(4, library.asked().size());
        }
    }

    @Test
    void autoTakesOursWhereTheLibraryRefusesAndSaysWhy() {
        library.refuse("odd sizes");
        try (VendorChoice choice = new VendorChoice(Vendor.AUTO, library, null, this::millis)) {
            assertEquals(Optional.empty(), choice.wayOf(LARGE));
            assertEquals(Optional.empty(), choice.wayOf(LARGE));
            assertEquals(List.of(LARGE), library.asked());
            assertEquals(List.of(), measured);
            assertEquals(List.of(LARGE + ": our own, as fake does not do it: odd sizes"), choice.reasons());
        }
    }

    @Test
    void alwaysTakesTheLibraryUntimedOrFails() {
        try (VendorChoice choice = new VendorChoice(Vendor.ALWAYS, library, null, this::millis)) {
            assertTrue(choice.wayOf(SMALL).isPresent());
            assertEquals(List.of(), measured);
            library.refuse("odd sizes");
            assertTrue(choice.wayOf(SMALL).isPresent(), "it is remembered");
            KinemaException failure = assertThrows(KinemaException.class, () -> choice.wayOf(LARGE));
            assertEquals("fake does not do a product of 1 x 512 x 32 and 32 x 64 (transposed), F32 to F32, bias (odd sizes): choose"
                + " --vendor auto, which takes our own kernels there, or never", failure.getMessage());
        }
    }

    /** That a library fails hurts only who insists on it. */
    @Test
    void aLibraryThatFailsWhileItIsTimedLeavesOurs() {
        try (VendorChoice choice = new VendorChoice(Vendor.AUTO, library, null, (contraction, way) -> {
            if (way != null) {
                throw new KinemaException("no memory for the trial");
            }
            return 1;
        })) {
            assertEquals(Optional.empty(), choice.wayOf(LARGE));
            assertEquals(Optional.empty(), choice.wayOf(LARGE));
            assertEquals(List.of(LARGE), library.asked(), "it is remembered");
            assertEquals(List.of(LARGE + ": our own, as fake failed: no memory for the trial"), choice.reasons());
        }
    }

    @Test
    void aLibraryThatFailsWhenItIsAskedLeavesOurs() {
        library.failOffers("status 1");
        try (VendorChoice choice = new VendorChoice(Vendor.AUTO, library, null, this::millis)) {
            assertEquals(Optional.empty(), choice.wayOf(LARGE));
            assertEquals(List.of(LARGE + ": our own, as fake failed: status 1"), choice.reasons());
        }
        try (VendorChoice choice = new VendorChoice(Vendor.ALWAYS, library, null, this::millis)) {
            assertEquals("status 1", assertThrows(KinemaException.class, () -> choice.wayOf(LARGE)).getMessage());
        }
    }

    /** Without a time of ours there is nothing to compare; the program may have the memory that its trial had not. */
    @Test
    void aTrialOfOursThatFailsLeavesOurs() {
        List<String> tried = new ArrayList<>();
        try (VendorChoice choice = new VendorChoice(Vendor.AUTO, library, null, (contraction, way) -> {
            tried.add(way == null ? "ours" : "theirs");
            throw new KinemaException("no memory for the trial");
        })) {
            assertEquals(Optional.empty(), choice.wayOf(LARGE));
            assertEquals(Optional.empty(), choice.wayOf(LARGE));
            assertEquals(List.of("ours"), tried, "it is remembered");
            assertEquals(List.of(LARGE + ": our own, untimed, as the trial of it failed: no memory for the trial"), choice.reasons());
        }
    }

    @Test
    void aLibraryThatCannotBeOpenedIsAnErrorOnlyForAlways() {
        Supplier<VendorLibrary<Convolution>> failing = () -> {
            throw new KinemaException("cudnnCreate failed");
        };
        try (VendorChoice choice = VendorChoice.of(Vendor.AUTO, () -> library, failing, this::millis)) {
            assertTrue(choice.wayOf(LARGE).isPresent(), "the other library is there");
            assertEquals(List.of("all convolutions: our own, as the library failed: cudnnCreate failed",
                LARGE + ": fake, 1.0000 ms, not our own, 5.1200 ms"), choice.reasons());
        }
        FakeLibrary<Product> other = new FakeLibrary<>(0);
        KinemaException failure = assertThrows(KinemaException.class,
            () -> VendorChoice.of(Vendor.ALWAYS, () -> other, failing, this::millis));
        assertEquals("cudnnCreate failed", failure.getMessage());
        assertTrue(other.isClosed());
        Supplier<VendorLibrary<Product>> products = () -> {
            throw new KinemaException("cublasLtCreate failed");
        };
        try (VendorChoice choice = VendorChoice.of(Vendor.AUTO, products, () -> null, this::millis)) {
            assertEquals(Optional.empty(), choice.wayOf(LARGE));
            assertEquals(List.of("all products: our own, as the library failed: cublasLtCreate failed"), choice.reasons());
        }
    }

    @Test
    void neverAsksNobody() {
        try (VendorChoice choice = new VendorChoice(Vendor.NEVER, library, null, this::millis)) {
            assertEquals(Optional.empty(), choice.wayOf(LARGE));
            assertEquals(List.of(), library.asked());
            assertEquals(List.of(), choice.reasons());
        }
    }

    /** There may be libraries where the tests run; where there are none, as in CI, that hurts only who insists. */
    @Test
    void aMissingLibraryIsAnErrorOnlyForAlways() {
        if (VendorLibraries.versions().isEmpty()) {
            String why = VendorLibraries.absence().get();
            assertTrue(why.startsWith("cuBLASLt and cuDNN cannot be loaded (") && why.contains("): put the jars of org.bytedeco:cuda"),
                why);
            try (VendorChoice choice = VendorChoice.of(Vendor.AUTO, "cuda:0", 0)) {
                assertEquals(Optional.empty(), choice.wayOf(LARGE));
            }
            KinemaException failure = assertThrows(KinemaException.class, () -> VendorChoice.of(Vendor.ALWAYS, "cuda:0", 0));
            assertEquals("cuda:0 cannot always use the vendor's libraries: " + why + ", or leave --vendor always away",
                failure.getMessage());
        }
    }

    @Test
    void otherDevicesHaveNothingToChoose() {
        Device.open("cpu", 1, Vendor.AUTO).close();
        KinemaException failure = assertThrows(KinemaException.class, () -> Device.open("cpu", 1, Vendor.ALWAYS));
        assertTrue(failure.getMessage().startsWith("device cpu has no libraries of a vendor to choose from: "), failure.getMessage());
    }

    /** cuBLASLt's GELU is by tanh, its bias in the type of the result. */
    @Test
    void whatCublasLtCannotDoIsNotAskedFor() {
        assertEquals(null, CublasLt.refusal(LARGE));
        assertEquals(null, CublasLt.refusal(product(Kinema.KN_ACTIVATION_GELU_TANH, true, DType.F32)));
        assertEquals(null, CublasLt.refusal(product(Kinema.KN_ACTIVATION_RELU, false, DType.BF16)));
        assertEquals("it has no GELU by erf", CublasLt.refusal(product(Kinema.KN_ACTIVATION_GELU, true, DType.F32)));
        assertEquals("a result in BF16 with a bias in F32", CublasLt.refusal(product(Kinema.KN_ACTIVATION_NONE, true, DType.BF16)));
        assertEquals("it is empty", CublasLt.refusal(product(0)));
        // CUBLASLT_EPILOGUE_DEFAULT, BIAS, RELU_BIAS and GELU of cublasLt.h
        assertEquals(1, CublasLt.epilogue(product(Kinema.KN_ACTIVATION_NONE, false, DType.F32)).getAsInt());
        assertEquals(4, CublasLt.epilogue(product(Kinema.KN_ACTIVATION_NONE, true, DType.F32)).getAsInt());
        assertEquals(6, CublasLt.epilogue(product(Kinema.KN_ACTIVATION_RELU, true, DType.F32)).getAsInt());
        assertEquals(32, CublasLt.epilogue(product(Kinema.KN_ACTIVATION_GELU_TANH, false, DType.F32)).getAsInt());
    }

    private static Product product(int activation, boolean biased, DType result) {
        return new Product(1, 8, 64, 32, false, true, biased, activation, DType.BF16, result);
    }
}
