package dev.kinema.cli;

import dev.kinema.device.Vendor;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Whether libraries of the device's vendor may compute, for commands that measure or compare. */
final class VendorOption {
    @Option(names = "--vendor", paramLabel = "WHEN", defaultValue = "never", converter = VendorConverter.class,
        description = "When NVIDIA's cuBLASLt does matrix products and cuDNN convolutions of a cuda device: never, always, or auto, which"
            + " times both sides once per shape. Only never gives the same bits each time (${DEFAULT-VALUE}).")
    private Vendor vendor;

    Vendor vendor() {
        return vendor;
    }

    /** Names as on the command line. */
    static final class VendorConverter implements ITypeConverter<Vendor> {
        @Override
        public Vendor convert(String text) {
            for (Vendor vendor : Vendor.values()) {
                if (name(vendor).equals(text)) {
                    return vendor;
                }
            }
            throw new TypeConversionException("'" + text + "' is none of "
                + Arrays.stream(Vendor.values()).map(VendorConverter::name).collect(Collectors.joining(", ")));
        }

        private static String name(Vendor vendor) {
            return vendor.name().toLowerCase(Locale.ROOT);
        }
    }
}
