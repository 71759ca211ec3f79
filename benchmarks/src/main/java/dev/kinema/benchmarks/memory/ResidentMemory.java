package dev.kinema.benchmarks.memory;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;
import org.bytedeco.javacpp.Pointer;

/**
 * Where the resident memory of this process lies, in bytes. Each page is in one of them.
 *
 * @param heap pages of Java's heap that were ever touched; with {@code -XX:+AlwaysPreTouch} all that is committed, from the start
 * @param code what the virtual machine's compilers wrote
 * @param classes what it knows of classes: what is committed, of which nearly all is resident
 * @param files that are mapped: libraries, the archive of shared classes
 * @param rest all else: what native code allocated, with what malloc keeps of that when it is freed; stacks; the virtual machine's tables
 */
public record ResidentMemory(long heap, long code, long classes, long files, long rest) {
    private static final Path MAPPINGS = Path.of("/proc/self/smaps");
    private static final ResidentMemory UNKNOWN = new ResidentMemory(0, 0, 0, 0, 0);
    /** The head of a mapping, proc_pid_smaps(5): from, until, permissions, offset, device, inode, which is 0 where it is of no file. */
    private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) \\S+ \\S+ \\S+ (\\d+) *.*");
    private static final Pattern RESIDENT = Pattern.compile("Rss: +(\\d+) kB");
    private static final Pattern ADDRESS = Pattern.compile("0x([0-9a-f]{8,16})");

    /** Addresses as unsigned numbers. */
    private record Range(long from, long until) {
        boolean meets(Range other) {
            return Long.compareUnsigned(from, other.until) < 0 && Long.compareUnsigned(other.from, until) < 0;
        }
    }

    /**
     * What is resident now; all 0 where the system has no {@code /proc}.
     *
     * @throws KinemaException where the virtual machine does not tell the addresses of its heap, as with ZGC
     */
    public static ResidentMemory now() {
        if (!Files.isReadable(MAPPINGS)) {
            return UNKNOWN;
        }
        Range heap = range("gcHeapInfo");
        Range code = range("compilerCodecache");
        long classes = ManagementFactory.getMemoryPoolMXBeans().stream().filter(pool -> pool.getName().equals("Metaspace"))
            .map(MemoryPoolMXBean::getUsage).mapToLong(usage -> usage.getCommitted()).sum();
        try {
            return of(Files.readAllLines(MAPPINGS), heap, code, classes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What is resident once malloc has given whole pages back that nothing in it is in use of: malloc_trim(3), where glibc has it. Without
     * that, the most that native code ever needed at a time stays resident, Java's compilers included, which need tens of MiB for a large
     * method whenever its turn comes.
     */
    public static ResidentMemory inUse() {
        Pointer.trimMemory();
        return now();
    }

    private static ResidentMemory of(List<String> lines, Range heap, Range code, long classes) {
        long inHeap = 0;
        long inCode = 0;
        long inFiles = 0;
        long rest = -classes;
        Range place = new Range(0, 0);
        boolean ofFile = false;
        for (String line : lines) {
            Matcher mapping = MAPPING.matcher(line);
            Matcher resident = RESIDENT.matcher(line);
            if (mapping.matches()) {
                place = new Range(Long.parseUnsignedLong(mapping.group(1), 16), Long.parseUnsignedLong(mapping.group(2), 16));
                ofFile = !mapping.group(3).equals("0");
            } else if (resident.matches()) {
                long bytes = 1024 * Long.parseLong(resident.group(1));
                inHeap += heap.meets(place) ? bytes : 0;
                inCode += code.meets(place) ? bytes : 0;
                inFiles += ofFile ? bytes : 0;
                rest += heap.meets(place) || code.meets(place) || ofFile ? 0 : bytes;
            }
        }
        return new ResidentMemory(inHeap, inCode, classes, inFiles, rest);
    }

    /** All that is resident. */
    public long all() {
        return heap + code + classes + files + rest;
    }

    /** From the first to the last address of an answer of the virtual machine's, which are those of one reserved range. */
    private static Range range(String command) {
        String answer;
        try {
            answer = (String) ManagementFactory.getPlatformMBeanServer().invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"), command, null, null);
        } catch (JMException e) {
            throw new KinemaException("this virtual machine does not answer " + command + " (" + e.getMessage() + "): measure on HotSpot",
                e);
        }
        long[] addresses = ADDRESS.matcher(answer).results().mapToLong(found -> Long.parseUnsignedLong(found.group(1), 16)).sorted()
            .toArray();
        if (addresses.length < 2) {
            throw new KinemaException("the answer to " + command + " names no addresses: measure with -XX:+UseSerialGC, or see: " + answer);
        }
        return new Range(addresses[0], addresses[addresses.length - 1]);
    }
}
