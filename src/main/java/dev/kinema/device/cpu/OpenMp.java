package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/**
 * The number of threads oneDNN computes with: its build runs on OpenMP, whose count is a property of the calling thread that only
 * {@code omp_set_num_threads} sets, and the preset does not bind that function.
 *
 * <p>We call it through the one door JavaCPP has for calling a C function by its address without compiled glue: the deallocator of a
 * pointer, {@code void f(void*)}, here with the count in place of the pointer. That is right wherever integers and pointers are passed
 * in the same registers: all platforms that the preset is built for.
 */
final class OpenMp {
    private static final ThreadLocal<int[]> SET = ThreadLocal.withInitial(() -> new int[1]);

    private final Method call;
    private final Object caller;
    private final long function;

    /** To be made once oneDNN is loaded, which brings the library. */
    OpenMp() {
        try {
            Class<?> type = Class.forName("org.bytedeco.javacpp.Pointer$NativeDeallocator");
            Constructor<?> constructor = type.getDeclaredConstructor(Pointer.class, long.class, long.class);
            constructor.setAccessible(true);
            caller = constructor.newInstance(new Pointer(), 0L, 0L);
            call = type.getDeclaredMethod("deallocate", long.class, long.class);
            call.setAccessible(true);
        } catch (ReflectiveOperationException e) {
            throw new KinemaException("this version of JavaCPP does not let Kinema set the number of threads: use version 1.5.14", e);
        }
        Pointer symbol = Loader.addressof("omp_set_num_threads");
        function = symbol == null ? 0 : symbol.address();
    }

    /** What {@link #use} last set for the calling thread; 0 before it. */
    static int threadsOfThisThread() {
        return SET.get()[0];
    }

    /** Makes primitives that the calling thread executes use {@code threads} threads; allocates only when the count changes. */
    void use(int threads) {
        int[] set = SET.get();
        if (set[0] == threads) {
            return;
        }
        if (function == 0 && !String.valueOf(threads).equals(System.getenv("OMP_NUM_THREADS"))) {
            throw new KinemaException("oneDNN's thread library has no omp_set_num_threads: set the environment variable OMP_NUM_THREADS="
                + threads + " before starting Java");
        }
        try {
            if (function != 0) {
                call.invoke(caller, (long) threads, function);
            }
        } catch (ReflectiveOperationException e) {
            throw new KinemaException("setting " + threads + " threads failed: set the environment variable OMP_NUM_THREADS instead", e);
        }
        set[0] = threads;
    }
}
