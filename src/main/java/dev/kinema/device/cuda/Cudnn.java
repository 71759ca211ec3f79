package dev.kinema.device.cuda;

import static org.bytedeco.cuda.global.cudnn.CUDNN_DETERMINISTIC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_NOT_SUPPORTED;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_SUCCESS;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.Loader;

/**
 * Convolutions by cuDNN. It calls only functions that every cuDNN 9 has, since calling one that a library lacks ends the process. Sums are
 * in F32, and never in TF32; with maps in BF16 they are rounded to BF16 before a bias, a residual and ReLU follow, and so are gradients of
 * weights, which are then F32 as ours are. Sums are in a fixed order: algorithms that do not keep one are not used. Nothing here is loaded
 * before {@link #load} has succeeded.
 */
final class Cudnn implements VendorLibrary<Convolution> {
    static final String NAME = "cudnn";
    /** What a way may need in passing: as much as a large map. What the library finds best without a limit can be many times that. */
    private static final long WORKSPACE_BYTES = 512L << 20;
    /** How many channels there are ones and zeros for. */
    private static final int CHANNELS = 1 << 16;

    private final cudnnContext handle = new cudnnContext();
    private final int device;
    private final long version;
    /** As many ones as channels, then as many zeros. */
    private final DeviceMemory constants;
    private final List<CudnnConvolution> ways = new ArrayList<>();
    private boolean closed;

    /** @param device the number of the device, which is in use by this thread */
    Cudnn(int device) {
        this.device = device;
        version = cudnn.cudnnGetVersion();
        check("cudnnCreate", cudnn.cudnnCreate(handle));
        boolean complete = false;
        try {
            constants = constants(device);
            complete = true;
        } finally {
            if (!complete) {
                cudnn.cudnnDestroy(handle);
            }
        }
    }

    private static DeviceMemory constants(int device) {
        try (OwnStream stream = new OwnStream()) {
            DeviceMemory memory = new DeviceMemory(device, 2L * CHANNELS * Float.BYTES, "cuDNN", stream.handle());
            boolean complete = false;
            try {
                CudaLibrary.check(Kinema.kn_elementwise_fill(memory.address(), CHANNELS, 1, Kinema.KN_F32, stream.handle()));
                CudaLibrary.check(stream.await());
                complete = true;
                return memory;
            } finally {
                if (!complete) {
                    memory.close();
                }
            }
        }
    }

    /** @throws LinkageError if the presets or NVIDIA's libraries are missing, or there is no driver */
    static void load() {
        Loader.load(cudnn.class);
    }

    static String version() {
        long version = cudnn.cudnnGetVersion();
        return "cuDNN " + version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
    }

    @Override
    public String name() {
        return NAME;
    }

    /** What the library of a version, as it numbers them, need not be asked; null where it is to be asked. */
    static String refusal(Convolution c, long version) {
        long largest = Math.max(c.x().elements(), c.output().elements());
        if (Math.min(c.weight().elements(), Math.min(c.x().elements(), c.output().elements())) == 0) {
            return "it is empty";
        }
        if (largest > Integer.MAX_VALUE || c.weight().elements() > Integer.MAX_VALUE) {
            return "more than 2^31 - 1 elements";
        }
        if (c.weight().dim(0) > CHANNELS) {
            return "more than " + CHANNELS + " channels";
        }
        // https://github.com/pytorch/pytorch/issues/163539 and its pull request 166480
        boolean wrong = version >= 90_800 && version < 91_500;
        return wrong && c.dtype() == DType.BF16 && c.taps() > 1 ? "cuDNN 9.8 to 9.14 are known for wrong results in BF16" : null;
    }

    @Override
    public synchronized Offer offer(Convolution c) {
        String refusal = refusal(c, version);
        if (refusal != null) {
            return Offer.refusal(refusal);
        }
        CudnnDescription description = new CudnnDescription(handle, c.direction());
        boolean complete = false;
        try {
            int status = description.describe(c);
            Offer offer = status == CUDNN_STATUS_SUCCESS ? ask(description, c)
                : Offer.refusal("it does not take its sizes, status " + status + " of cudnnStatus_t");
            complete = offer.way() != null;
            return offer;
        } finally {
            if (!complete) {
                description.close();
            }
        }
    }

    /** The first of what the library proposes, best first, that has the order of its sums fixed and needs no more memory than it may. */
    private Offer ask(CudnnDescription description, Convolution c) {
        List<CudnnDescription.Proposal> proposals = new ArrayList<>();
        int status = description.propose(proposals);
        if (status != CUDNN_STATUS_SUCCESS) {
            // the statuses of what is not supported are the thousand from this one on
            boolean plain = status / 1000 == CUDNN_STATUS_NOT_SUPPORTED / 1000;
            return Offer.refusal("it knows no algorithm" + (plain ? "" : ", status " + status + " of cudnnStatus_t"));
        }
        String refusal = "it knows no algorithm";
        for (CudnnDescription.Proposal proposal : proposals) {
            long bytes = proposal.status() == CUDNN_STATUS_SUCCESS ? description.workspaceBytes(proposal.algorithm()) : -1;
            if (bytes < 0) {
                continue;
            }
            if (proposal.determinism() != CUDNN_DETERMINISTIC) {
                refusal = "the algorithms it knows have their sums in no fixed order";
            } else if (bytes > WORKSPACE_BYTES) {
                refusal = "the algorithms it knows need more than " + (WORKSPACE_BYTES >> 20) + " MiB";
            } else {
                CudnnConvolution way = new CudnnConvolution(this, description, c, proposal.algorithm(), bytes);
                ways.add(way);
                return Offer.of(way);
            }
        }
        return Offer.refusal(refusal);
    }

    cudnnContext handle() {
        return handle;
    }

    /** On the device, as many ones in F32 as a convolution may have channels. */
    long ones() {
        return constants.address();
    }

    /** As many zeros. */
    long zeros() {
        return constants.address() + (long) CHANNELS * Float.BYTES;
    }

    /** @throws KinemaException if a call failed */
    static void check(String call, int status) {
        if (status != CUDNN_STATUS_SUCCESS) {
            throw new KinemaException(call + " failed with status " + status + " of cudnnStatus_t: choose --vendor never");
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Release release = new Release();
            release.of(Kinema.kn_device_use(device));
            ways.forEach(CudnnConvolution::close);
            release.of(() -> check("cudnnDestroy", cudnn.cudnnDestroy(handle)));
            release.of(constants::close);
            release.finish();
        }
    }
}
