package dev.kinema.run;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.kinema.Version;
import java.lang.management.ManagementFactory;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Where and how a run was started: what one asks for when two runs differ.
 *
 * @param started when
 * @param kinema its version
 * @param java version and maker of the virtual machine
 * @param system name, version and architecture of the operating system
 * @param processors as many as this process may use
 * @param memoryBytes of the machine, or of the container
 * @param heapBytes the Java heap may grow to
 * @param device what it computes with, in a line
 * @param threads it computes with
 * @param variables environment variables that change how libraries compute
 * @param command as given to Kinema
 */
public record Environment(Instant started, String kinema, String java, String system, int processors, long memoryBytes, long heapBytes,
        String device, int threads, Map<String, String> variables, List<String> command) {
    /** OpenMP's own and those of its two implementations, oneDNN's by its new and its old name, Java's and Kinema's options. */
    private static final Pattern VARIABLE = Pattern.compile("(OMP|GOMP|KMP|ONEDNN|DNNL|KINEMA)_.*|JAVA_TOOL_OPTIONS");

    public Environment {
        variables = new TreeMap<>(variables);
        command = List.copyOf(command);
    }

    /** This process, now. */
    public static Environment here(String device, int threads, List<String> command) {
        Map<String, String> variables = new TreeMap<>(System.getenv());
        variables.keySet().removeIf(name -> !VARIABLE.matcher(name).matches());
        return new Environment(Instant.now(), Version.CURRENT,
            System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version")
                + " (" + System.getProperty("java.vendor") + ")",
            System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"),
            Runtime.getRuntime().availableProcessors(), memory(), Runtime.getRuntime().maxMemory(), device, threads, variables, command);
    }

    private static long memory() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class).getTotalMemorySize();
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("started", started.toString());
        json.addProperty("kinema", kinema);
        json.addProperty("java", java);
        json.addProperty("system", system);
        json.addProperty("processors", processors);
        json.addProperty("memory_bytes", memoryBytes);
        json.addProperty("heap_bytes", heapBytes);
        json.addProperty("device", device);
        json.addProperty("threads", threads);
        JsonObject set = new JsonObject();
        variables.forEach(set::addProperty);
        json.add("variables", set);
        JsonArray words = new JsonArray();
        command.forEach(words::add);
        json.add("command", words);
        return json;
    }
}
