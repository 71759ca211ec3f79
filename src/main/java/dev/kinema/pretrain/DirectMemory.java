package dev.kinema.pretrain;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/** What Java may hold outside its heap, in buffers. */
final class DirectMemory {
    private DirectMemory() {}

    /** Bytes: those of the option MaxDirectMemorySize, or as many as the heap may have. */
    static long most() {
        HotSpotDiagnosticMXBean machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        long set = machine == null ? 0 : Long.parseLong(machine.getVMOption("MaxDirectMemorySize").getValue());
        return set > 0 ? set : Runtime.getRuntime().maxMemory();
    }
}
