package dev.kinema.device;

import dev.kinema.KinemaException;
import dev.kinema.graph.Graph;
import java.util.ServiceLoader;
import java.util.SortedSet;
import java.util.TreeSet;

/** Something that runs graphs: {@code reference}, {@code cpu}, {@code cuda:0}. Close it after its programs and weights. */
public interface Device extends AutoCloseable {

    /** The name it is opened by. */
    String name();

    /** What it computes with, in a line for a person: threads, instruction set, library. */
    default String description() {
        return name();
    }

    /** What else there is to know of the device, in a line for a person; empty if nothing. */
    default String remark() {
        return "";
    }

    /** Whether the device computes in that precision; else it refuses to compile for it, or computes in a higher one. */
    default boolean supports(Precision precision) {
        return precision == Precision.FP32;
    }

    /** Weights that hold nothing yet. */
    Weights newWeights();

    /**
     * Orders, fuses, plans and lowers a graph. The program shares {@code weights}, which must hold every variable of the graph.
     *
     * @throws KinemaException if a variable is missing or of another type, or the device cannot run an operation
     */
    Program compile(Graph graph, Weights weights, Compilation how);

    default Program compile(Graph graph, Weights weights) {
        return compile(graph, weights, Compilation.FP32);
    }

    @Override
    void close();

    /** The names that {@link #open(String, int)} knows, whether or not such a device can be opened on this machine, sorted. */
    static SortedSet<String> names() {
        TreeSet<String> names = new TreeSet<>();
        for (DeviceProvider provider : ServiceLoader.load(DeviceProvider.class, Device.class.getClassLoader())) {
            names.addAll(provider.names());
        }
        return names;
    }

    /** Whether {@link #open(String, int)} knows the name, whether or not the device can be opened on this machine. */
    static boolean isKnown(String name) {
        for (DeviceProvider provider : ServiceLoader.load(DeviceProvider.class, Device.class.getClassLoader())) {
            if (provider.opens(name)) {
                return true;
            }
        }
        return false;
    }

    /** {@link #open(String, int)} with all processors. */
    static Device open(String name) {
        return open(name, 0);
    }

    /**
     * Opens a device by name. There is no fallback: what cannot be opened is an error with its reason.
     *
     * @param threads how many threads it computes with; 0 means one per processor
     */
    static Device open(String name, int threads) {
        return open(name, threads, Vendor.NEVER);
    }

    /**
     * The same with a choice of who computes.
     *
     * @param vendor {@link Vendor#ALWAYS} is an error for devices that have no libraries of a vendor to choose from
     */
    static Device open(String name, int threads, Vendor vendor) {
        if (threads < 0) {
            throw new KinemaException("a device cannot compute with " + threads + " threads: give a positive number, or 0 for all");
        }
        for (DeviceProvider provider : ServiceLoader.load(DeviceProvider.class, Device.class.getClassLoader())) {
            if (provider.opens(name)) {
                return provider.open(name, threads == 0 ? Runtime.getRuntime().availableProcessors() : threads, vendor);
            }
        }
        throw new KinemaException("there is no device named '" + name + "': choose one of " + names());
    }
}
