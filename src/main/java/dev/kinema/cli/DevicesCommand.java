package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code kinema devices}: what there is to compute with, and why not where there is not. */
@Command(name = "devices", mixinStandardHelpOptions = true, versionProvider = Main.VersionLine.class,
    description = "List what there is to compute with.")
final class DevicesCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        for (String name : Device.names()) {
            String what;
            String remark = "";
            try (Device device = Device.open(name)) {
                what = device.description() + ", precisions " + precisions(device);
                remark = device.remark();
            } catch (KinemaException e) {
                // the list is of what cannot be opened, too
                what = "cannot be opened: " + Main.line(e.getMessage());
            }
            out.printf("%-15s %s%n", name, what);
            if (!remark.isEmpty()) {
                out.printf("%-15s %s%n", "", Main.line(remark));
            }
        }
        return ExitCode.DONE;
    }

    private static String precisions(Device device) {
        return Arrays.stream(Precision.values()).filter(device::supports).map(p -> p.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(" "));
    }
}
