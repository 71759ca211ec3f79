package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.DeviceProvider;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.stream;

/** The processor, through oneDNN. Programs run in the thread that calls them, which oneDNN's OpenMP team and {@link Team} join. */
public final class CpuDevice implements Device {
    private final int threads;
    private final engine engine;
    private final stream stream;
    private final OpenMp openMp;
    private final Team team;
    private volatile boolean closed;

    private CpuDevice(int threads) {
        this.threads = threads;
        this.engine = new engine(dnnl.dnnl_cpu, 0);
        this.stream = new stream(engine);
        this.openMp = new OpenMp();
        useThreads();
        this.team = new Team(threads);
    }

    /** Opens device {@code cpu} for the service loader. */
    public static final class Provider implements DeviceProvider {
        @Override
        public List<String> names() {
            return List.of("cpu");
        }

        @Override
        public Device open(String name, int threads) {
            try {
                return new CpuDevice(threads);
            } catch (LinkageError e) {
                if (e.getCause() instanceof IOException) {
                    throw new KinemaException("oneDNN's native library cannot be unpacked (" + e.getCause().getMessage()
                        + "): make room, or name another folder with -Dorg.bytedeco.javacpp.cachedir (KINEMA_CACHE for the launcher)", e);
                }
                throw new KinemaException("oneDNN's native library for this platform cannot be loaded (" + e.getMessage()
                    + "): put the dnnl and javacpp jars for it on the class path", e);
            }
        }
    }

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public String description() {
        String isa = dnnl.get_effective_cpu_isa().toString().toUpperCase(Locale.ROOT).replace('_', ' ');
        return threads + (threads == 1 ? " thread, " : " threads, ") + isa + ", oneDNN " + dnnl.DNNL_VERSION_MAJOR + "."
            + dnnl.DNNL_VERSION_MINOR + "." + dnnl.DNNL_VERSION_PATCH + (hasInt8() ? "" : ", no VNNI and so no int8");
    }

    @Override
    public boolean supports(Precision precision) {
        return switch (precision) {
            case FP32 -> true;
            case BF16 -> hasBf16();
            case INT8 -> hasInt8();
        };
    }

    @Override
    public Weights newWeights() {
        return new CpuWeights();
    }

    @Override
    public Program compile(Graph graph, Weights weights, Compilation how) {
        if (!(weights instanceof CpuWeights own)) {
            throw new KinemaException("these weights belong to another device: copy them into device.newWeights() of cpu");
        }
        if (how.precision() == Precision.BF16 && !hasBf16()) {
            throw new KinemaException("this processor has no bf16 arithmetic (AVX512-BF16 or AMX), and emulating it is slower than FP32:"
                + " compile with FP32");
        }
        if (how.precision() == Precision.INT8 && !hasInt8()) {
            throw new KinemaException("this processor has no VNNI, and without it sums of 8-bit products may overflow: take bf16 or fp32");
        }
        weights.require(graph);
        useThreads();
        return new Lowering(this, graph, own, how).compile();
    }

    /** Whether products of bf16 numbers run at more than the speed of fp32. */
    public static boolean hasBf16() {
        int isa = dnnl.dnnl_get_effective_cpu_isa();
        return (isa & dnnl.dnnl_cpu_isa_avx512_core_bf16) == dnnl.dnnl_cpu_isa_avx512_core_bf16;
    }

    /**
     * Whether products of 8-bit integers are summed in 32 bits at once (VNNI). Without this oneDNN adds pairs of them in 16 bits, which
     * saturate where both are large: results would be wrong, and slow too.
     */
    public static boolean hasInt8() {
        int isa = dnnl.dnnl_get_effective_cpu_isa();
        return (isa & dnnl.dnnl_cpu_isa_avx512_core_vnni) == dnnl.dnnl_cpu_isa_avx512_core_vnni
            || (isa & dnnl.dnnl_cpu_isa_avx2_vnni) == dnnl.dnnl_cpu_isa_avx2_vnni;
    }

    /** To be called by a thread before it makes or runs primitives. */
    void useThreads() {
        if (closed) {
            throw new KinemaException("the cpu device is closed: close it after its programs");
        }
        openMp.use(threads);
    }

    engine engine() {
        return engine;
    }

    stream stream() {
        return stream;
    }

    Team team() {
        return team;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        team.close();
        stream.close();
        engine.close();
    }
}
