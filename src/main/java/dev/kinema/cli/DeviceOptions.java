package dev.kinema.cli;

import dev.kinema.device.Device;
import dev.kinema.device.Vendor;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** On what a command computes. */
final class DeviceOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private String device = "cpu";
    private int threads;

    @Option(names = "--device", paramLabel = "NAME", defaultValue = "cpu",
        description = "What computes: see 'kinema devices' (${DEFAULT-VALUE}).")
    void setDevice(String name) {
        if (!Device.isKnown(name)) {
            throw new ParameterException(command.commandLine(), "--device " + name + " is unknown: it is one of "
                + String.join(", ", Device.names()));
        }
        device = name;
    }

    @Option(names = "--threads", paramLabel = "N", defaultValue = "0",
        description = "Threads to compute with; 0 for one per processor (${DEFAULT-VALUE}).")
    void setThreads(int count) {
        if (count < 0) {
            throw new ParameterException(command.commandLine(), "--threads " + count + ": it must be 0 (all) or more");
        }
        threads = count;
    }

    String device() {
        return device;
    }

    int threads() {
        return threads;
    }

    Device open(Vendor vendor) {
        return Device.open(device, threads, vendor);
    }
}
